"""Handing notices over: into the out-tray of each office, which is a workflow of its own.

Needs Temporal alone, so that no notice waits for Postgres.
"""

import asyncio
from collections.abc import Iterable
from datetime import UTC, datetime

import structlog
from temporalio.client import Client
from temporalio.common import WorkflowIDReusePolicy
from temporalio.service import RPCError

from activities.jurisdictions import Jurisdictions, NoSuchJurisdictionError
from petitions.jurisdiction.reading import JurisdictionError
from petitions.jurisdiction.sections import NoticeSettings
from petitions.notices import Notice, NoticeOutcome, NoticeState
from petitions.out_tray import Pace, WaitingNotice
from petitions.values import Instant, Name
from workflows.names import TASK_QUEUE
from workflows.notice_interface import OFFICE_NOTICES, TELL, OfficeStart, Told, office_notices_id

_log = structlog.stdlib.get_logger()
_TOGETHER = 200
"""Notices of one office in one signal at the most: much less than Temporal takes."""
_SUMMARY_BYTES = 200


class OutTrays:
    """The out-trays of all offices.

    Args:
        jurisdictions: the files, for how each office's notices go out.
    """

    def __init__(self, jurisdictions: Jurisdictions) -> None:
        self._jurisdictions = jurisdictions

    async def hand_over(
        self, client: Client, notices: Iterable[Notice], jurisdiction: Name | None, at: Instant
    ) -> tuple[NoticeOutcome, ...]:
        """Lay notices into their offices' trays. What lies there already, or is out, is passed over there.

        Args:
            client: of the Temporal server.
            notices: what is to be told.
            jurisdiction: the file that has the addresses, as the case names it; none: the worker's own.
            at: the time of the procedure.

        Returns:
            of each whether it lies there (``queued``), or why not (``failed``).
        """
        by_office: dict[Name, list[Notice]] = {}
        for notice in notices:
            by_office.setdefault(notice.to, []).append(notice)
        parts = [
            (office, of_one[i : i + _TOGETHER])
            for office, of_one in by_office.items()
            for i in range(0, len(of_one), _TOGETHER)
        ]
        errors = await asyncio.gather(*(self._lay(client, office, part, jurisdiction, at) for office, part in parts))
        return tuple(
            NoticeOutcome(
                key=notice.key,
                state=NoticeState.FAILED if error else NoticeState.QUEUED,
                at=at,
                attempts=0,
                error=error,
            )
            for (_, part), error in zip(parts, errors, strict=True)
            for notice in part
        )

    async def _lay(
        self, client: Client, office: Name, notices: list[Notice], jurisdiction: Name | None, at: Instant
    ) -> str | None:
        """Why it could not be done; none: it is done."""
        now = datetime.now(UTC)
        told = Told(
            notices=tuple(
                WaitingNotice(notice=notice, jurisdiction=jurisdiction, told_at=at, since=now) for notice in notices
            ),
            pace=self._pace(jurisdiction, now),
        )
        try:
            await client.start_workflow(
                OFFICE_NOTICES,
                OfficeStart(office=office),
                id=office_notices_id(jurisdiction, office),
                task_queue=TASK_QUEUE,
                id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
                start_signal=TELL,
                start_signal_args=[told],
                static_summary=f"通知：{office}".encode()[:_SUMMARY_BYTES].decode(errors="ignore"),
            )
        except RPCError as error:
            _log.warning("notices could not be handed over", office=office, notices=len(notices), error=str(error))
            return f"the notice could not be handed over: {error.status.name}"
        return None

    def _pace(self, jurisdiction: Name | None, now: datetime) -> Pace:
        try:
            return self._jurisdictions.get(jurisdiction).pace(now)
        except (JurisdictionError, NoSuchJurisdictionError, OSError):
            # Sending will tell what is wrong, again and again, and the ledger will show it.
            return NoticeSettings().pace(utc_offset_minutes=0)
