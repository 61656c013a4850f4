"""Handling reports (办理报告) as submitted, and the starts that could not open a case."""

from hashlib import sha256

from petitions.report import HandlingReport
from petitions.values import Instant, Value
from store import queries
from store.connection import OnPool
from store.rows import storable

_SQL = queries.load("reports")
_SUBMIT, _SUBMITTED, _LATEST = _SQL["submit"], _SQL["submitted"], _SQL["latest"]
_REFUSE, _REFUSED = _SQL["refuse_hand_over"], _SQL["refused_hand_overs"]

KEPT_INPUT = 4_000
"""Characters of a refused start's input that are kept."""


class SubmittedReport(Value):
    """A handling report as it was submitted."""

    case_no: str
    key: str
    sha256: str
    """Of the text in UTF-8, in hex."""
    title: str
    text: str
    report: HandlingReport
    submitted_at: Instant
    """On the case's own clock."""


class RefusedStart(Value):
    """A start whose input could not open a case."""

    workflow_id: str
    run_id: str
    given: str
    """The beginning of its input."""
    reason: str
    at: Instant
    """When it was kept, by Postgres's clock."""


class Reports(OnPool):
    """Keeping and reading reports; none is ever changed."""

    async def submit_report(self, case_no: str, key: str, report: HandlingReport, at: Instant) -> str:
        """Submit a report, once for its key: whatever is submitted later under the same key, the first stands.

        Args:
            case_no: The case.
            key: What tells one submission of the case from another, such as its round.
            report: The report.
            at: When, on the case's own clock.

        Returns:
            The SHA-256 of the text that stands under the key, in hex.

        Raises:
            StoreError: As its kinds say.
        """
        text = storable(report.text)
        submit = _SUBMIT(
            case_no=case_no,
            key=key,
            sha256=sha256(text.encode()).digest(),
            title=storable(report.title),
            text=text,
            report=report.model_dump_json(),
            submitted_at=at,
        )
        async with self._connected() as connection:
            digest: bytes | None = await connection.fetchval(*submit)
            if digest is None:
                digest = await connection.fetchval(*_SUBMITTED(case_no=case_no, key=key))
        assert digest is not None  # a kept report never goes
        return digest.hex()

    async def report(self, case_no: str) -> SubmittedReport | None:
        """The report of a case that was submitted last; none if there is none yet.

        Raises:
            StoreError: As its kinds say.
        """
        async with self._connected() as connection:
            row = await connection.fetchrow(*_LATEST(case_no=case_no))
        if row is None:
            return None
        report = HandlingReport.model_validate_json(row["report"])
        return SubmittedReport.model_validate({**row, "sha256": row["sha256"].hex(), "report": report})

    async def refuse_hand_over(self, *, workflow_id: str, run_id: str, given: str, reason: str) -> None:
        """Keep on record a start that could not open a case; a repeat changes nothing.

        Args:
            workflow_id: The workflow that was started.
            run_id: Its run.
            given: What it was given; the beginning is kept.
            reason: Why that opens no case.

        Raises:
            StoreError: As its kinds say.
        """
        refuse = _REFUSE(
            workflow_id=storable(workflow_id),
            run_id=run_id,
            given=storable(given[:KEPT_INPUT]),
            reason=storable(reason),
        )
        async with self._connected() as connection:
            await connection.execute(*refuse)

    async def refused_hand_overs(self, limit: int = 100) -> list[RefusedStart]:
        """The latest starts that could not open a case.

        Raises:
            StoreError: As its kinds say.
        """
        async with self._connected() as connection:
            rows = await connection.fetch(*_REFUSED(limit=limit))
        return [RefusedStart.model_validate(dict(row)) for row in rows]
