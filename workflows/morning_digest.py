"""The morning digest (晨报): once a day, by a schedule, each office is told what it has before it."""

from temporalio import workflow

from petitions.values import Name, Value
from workflows.notice_interface import MORNING_DIGEST, NoticeWork, WriteDigests
from workflows.patiently import patiently


class DigestStart(Value):
    """Whose offices are told."""

    jurisdiction: Name | None = None
    """The name of a file; none: the worker's own."""


@workflow.defn(name=MORNING_DIGEST)
class MorningDigest:
    """One morning's digests of all offices of a jurisdiction."""

    @workflow.run
    async def run(self, start: DigestStart) -> int:
        """Write the digests and hand them over for sending; how many offices are told."""
        write = WriteDigests(jurisdiction=start.jurisdiction, at=workflow.now())
        return await patiently(NoticeWork.write_digests, write, "编写晨报并交付发送")
