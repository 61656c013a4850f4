"""What the tests of the domain build with: a small set of rules, plain bodies of every message, and ``Story``.

A story is one case told hour by hour::

    story = Story()
    story.dispatched()
    story.acknowledges()
    assert story.case.stage is Stage.RECTIFYING
"""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from typing import Any, Self, TypeVar

from pydantic import BaseModel

from petitions.case import Case
from petitions.case_rules import CaseRules
from petitions.events import Entry
from petitions.hand_over import HandOver, read_hand_over
from petitions.messages import read_message
from petitions.notices import Notice
from petitions.procedure import (
    Answered,
    Step,
    let_time_pass,
    may_report,
    open_case,
    reopen,
    report_is_submitted,
    take_in,
    unit_notified,
)
from petitions.reopening import Reopening
from petitions.vocabulary import MessageKind, RefusalCode

LOCAL = timezone(timedelta(hours=8))
RECEIVED_AT = datetime(2021, 8, 27, 10, tzinfo=LOCAL)
"""The hand-over of every story: a Friday, ten in the morning."""
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)

SECRETARY = "city/party-secretary"
MAYOR = "city/mayor"
VICE_MAYOR = "city/leader/vice-mayor"
"""The city leader who answers for the industry of the stories."""
OTHER_LEADER = "city/leader/other"
"""A city leader who answers for neither the industry nor the county."""
COUNTY_SECRETARY = "county/甲县/party-secretary"
COUNTY_MAYOR = "county/甲县/mayor"
ELSEWHERE = "county/乙县/mayor"
"""A leader of another county."""
INTAKE = "city/intake"
STABILITY = "city/stability-team"
SUPERVISION = "city/supervision-team"
REVISIT = "city/revisit-team"
UNIT = "unit/水务局"
"""The responsible unit of the stories."""
LEAD = "unit/生态环境局"
"""The lead department of their task forces."""
ASSISTING = "unit/街道办"
BYSTANDER = "unit/交通局"

K = MessageKind
MAY_SEND: Mapping[MessageKind, tuple[str, ...]] = {
    K.DISPATCH: (INTAKE, STABILITY),
    K.ACKNOWLEDGEMENT: ("responsible_unit", "lead_department"),
    K.LEADER_INSTRUCTION: ("any_leader",),
    K.TASK_FORCE: ("any_leader", STABILITY),
    K.SITE_VISIT: ("any_leader", "any_team", "responsible_unit", "task_force_member"),
    K.RECTIFICATION_REPORT: ("responsible_unit", "lead_department"),
    K.VERIFICATION: (SUPERVISION,),
    K.PRELIMINARY_REVIEW: (STABILITY,),
    K.SURVEY_RESULT: (REVISIT,),
    K.EXTENSION: (INTAKE, STABILITY),
    K.STARRING: (INTAKE, STABILITY),
    K.MERGE: (INTAKE, STABILITY),
    K.WITHDRAWAL: (INTAKE, STABILITY),
}
TITLES = {
    SECRETARY: "市委书记",
    MAYOR: "市长",
    VICE_MAYOR: "副市长",
    OTHER_LEADER: "常委",
    COUNTY_SECRETARY: "甲县县委书记",
    COUNTY_MAYOR: "甲县县长",
    INTAKE: "受理中心",
    STABILITY: "维稳组",
    SUPERVISION: "督办组",
    REVISIT: "回访组",
}
LEADERS = (SECRETARY, MAYOR, VICE_MAYOR, OTHER_LEADER, COUNTY_SECRETARY, COUNTY_MAYOR)
TEAMS = (STABILITY, SUPERVISION, REVISIT)
LADDER = (STABILITY, COUNTY_MAYOR, MAYOR)

BODIES: Mapping[MessageKind, Mapping[str, Any]] = {
    K.DISPATCH: {"unit": UNIT},
    K.ACKNOWLEDGEMENT: {},
    K.LEADER_INSTRUCTION: {"text": "限期整改到位"},
    K.TASK_FORCE: {
        "lead_leader": {"office": COUNTY_MAYOR, "name": "包案人"},
        "lead_department": LEAD,
        "assisting_departments": [ASSISTING],
    },
    K.SITE_VISIT: {"purpose": "supervision", "notes": "现场查看"},
    K.RECTIFICATION_REPORT: {
        "final": True,
        "finding": "substantiated",
        "facts": "情况属实",
        "measures": "已经整改",
        "completion": "completed",
    },
    K.VERIFICATION: {"confirmed": True, "opinion": "整改到位"},
    K.PRELIMINARY_REVIEW: {"passed": True, "opinion": "同意"},
    K.SURVEY_RESULT: {"round": 1, "responses": [], "complete": False},
    K.EXTENSION: {"days": 2, "reason": "工程量大", "authority": "督察组"},
    K.STARRING: {"starred": True, "reason": "影响较大"},
    K.MERGE: {"into": "X2", "reason": "重复件"},
    K.WITHDRAWAL: {"reason": "督察组撤回"},
}
"""Of every kind a body with what it must have, besides ``message_id`` and ``by``."""


def small_rules(**changes: Any) -> CaseRules:
    """The rules of one county and four units; what is not said is the default."""
    rules: dict[str, Any] = {
        "jurisdiction": "small",
        "version": "1",
        "may_send": MAY_SEND,
        "titles": TITLES,
        "units": (UNIT, LEAD, ASSISTING, BYSTANDER),
        "other_offices": (ELSEWHERE,),
        "leaders": LEADERS,
        "teams": TEAMS,
        "instruct_starred": (SECRETARY, MAYOR),
        "instruct_plain": (COUNTY_SECRETARY, COUNTY_MAYOR),
        "supervise_starred": (SECRETARY, MAYOR),
        "supervise_plain": (VICE_MAYOR, SECRETARY, MAYOR),
        "default_unit": UNIT,
        "ladder": LADDER,
    }
    return CaseRules.model_validate(rules | changes)


def hand_over(**changes: Any) -> HandOver:
    """A hand-over as JSON brings it."""
    fields: dict[str, Any] = {
        "case_no": "X1",
        "received_at": RECEIVED_AT.isoformat(),
        "channel": "phone",
        "starred": False,
        "county": "甲县",
        "location": "河边",
        "categories": ["water"],
        "summary": "电站断流",
    }
    return read_hand_over(json.dumps(fields | changes).encode())


def answers(satisfied: int, dissatisfied: int = 0, basically: int = 0, first: int = 0) -> list[dict[str, str]]:
    """So many answers of so many residents, numbered from ``first``."""
    opinions = ["satisfied"] * satisfied + ["basically_satisfied"] * basically + ["dissatisfied"] * dissatisfied
    return [{"respondent": f"居民{first + n}", "opinion": opinion} for n, opinion in enumerate(opinions)]


_Happened = TypeVar("_Happened", bound=BaseModel)


class Story:
    """A case and all that has happened to it; every deed comes an hour after the one before."""

    def __init__(
        self, rules: CaseRules | None = None, *, opened_after: timedelta = timedelta(0), **hand_over_changes: Any
    ) -> None:
        handed_over = hand_over(**hand_over_changes)
        self.now = handed_over.received_at + opened_after
        self.entries: list[Entry] = []
        self.notices: list[Notice] = []
        self._messages = 0
        self._residents = 0
        self.case: Case
        self._keep(open_case(handed_over, rules or small_rules(), self.now))
        self.pass_time(timedelta(0))

    # Time ----------------------------------------------------------------------------------------------------

    def pass_time(self, span: timedelta) -> Self:
        """So much later, with all that fell due meanwhile."""
        return self.at(self.now + span)

    def at(self, moment: datetime) -> Self:
        """At that moment, with all that fell due meanwhile."""
        self.now = moment
        self._keep(let_time_pass(self.case, moment))
        return self

    def on_day(self, days: float) -> Self:
        """So many days after the hand-over."""
        return self.at(self.case.hand_over.received_at + timedelta(days=days))

    def hourly_until(self, since_hand_over: timedelta) -> Self:
        """Hour by hour, as the workflow's timers make time pass."""
        while self.now < self.case.hand_over.received_at + since_hand_over:
            self.pass_time(HOUR)
        return self

    # Messages ------------------------------------------------------------------------------------------------

    def send(self, kind: MessageKind, office: str, name: str | None = None, **body: Any) -> Answered:
        """A message an hour later; whatever comes of it is returned."""
        self._messages += 1
        given: dict[str, Any] = {"message_id": f"m{self._messages}", "by": {"office": office, "name": name or office}}
        return self.send_bytes(json.dumps({**given, **BODIES[kind], **body}).encode(), kind)

    def send_bytes(self, body: bytes, kind: str | None) -> Answered:
        """Whatever bytes, an hour later."""
        self.pass_time(HOUR)
        answered = take_in(self.case, read_message(body, kind), self.now)
        self._keep(answered)
        return answered

    def takes(self, kind: MessageKind, office: str, name: str | None = None, **body: Any) -> Self:
        """A message that the case must take in."""
        answered = self.send(kind, office, name, **body)
        assert answered.refusal is None, answered.refusal
        assert answered.receipt is not None
        return self

    def refuses(self, code: RefusalCode, kind: MessageKind, office: str, name: str | None = None, **body: Any) -> str:
        """A message that the case must refuse with this code; its reason is returned."""
        answered = self.send(kind, office, name, **body)
        assert answered.refusal is not None, f"{kind} was taken in"
        assert answered.receipt is None
        assert answered.refusal.code is code, answered.refusal
        return answered.refusal.reason

    # Deeds that must succeed ---------------------------------------------------------------------------------

    def dispatched(self) -> Self:
        """The responsible unit's notice is out, this very moment."""
        assert self.case.responsible_unit is not None
        self._keep(unit_notified(self.case, self.case.responsible_unit, self.now))
        return self

    def acknowledges(self, unit: str = UNIT) -> Self:
        return self.takes(K.ACKNOWLEDGEMENT, unit)

    def instructs(self, office: str = COUNTY_MAYOR, **body: Any) -> Self:
        return self.takes(K.LEADER_INSTRUCTION, office, **body)

    def forms_task_force(self, office: str = STABILITY, **body: Any) -> Self:
        return self.takes(K.TASK_FORCE, office, **body)

    def visits(self, office: str = VICE_MAYOR, purpose: str = "supervision") -> Self:
        return self.takes(K.SITE_VISIT, office, purpose=purpose)

    def reports(self, unit: str = UNIT, *, final: bool = True, **body: Any) -> Self:
        return self.takes(K.RECTIFICATION_REPORT, unit, final=final, **body)

    def verifies(self, *, confirmed: bool = True) -> Self:
        return self.takes(K.VERIFICATION, SUPERVISION, confirmed=confirmed)

    def reviews(self, *, passed: bool = True) -> Self:
        return self.takes(K.PRELIMINARY_REVIEW, STABILITY, passed=passed)

    def surveys(self, satisfied: int = 10, dissatisfied: int = 0, *, complete: bool = True) -> Self:
        """New residents answer, in the round that is open."""
        responses = answers(satisfied, dissatisfied, first=self._residents)
        self._residents += len(responses)
        return self.takes(K.SURVEY_RESULT, REVISIT, round=self.case.round, responses=responses, complete=complete)

    def extends(self, days: int) -> Self:
        return self.takes(K.EXTENSION, INTAKE, days=days)

    def stars(self, *, starred: bool = True) -> Self:
        return self.takes(K.STARRING, INTAKE, starred=starred)

    def covered(self) -> Self:
        """Instruction, task force and supervision, as a case without a star needs them."""
        return self.instructs().forms_task_force().visits()

    def submits(self) -> Self:
        """The handling report goes out, this very moment."""
        assert may_report(self.case)
        self._keep(report_is_submitted(self.case, "0" * 64, self.now))
        return self

    def asks_to_reopen(self, office: str = INTAKE, **body: Any) -> Answered:
        """The inspection group's wish to have the case worked on again, an hour later; whatever comes of it."""
        self.pass_time(HOUR)
        self._messages += 1
        given = {"message_id": f"m{self._messages}", "by": {"office": office, "name": office}, "days": 3}
        given |= {"reason": "群众反映反弹", "authority": "督察组转办函3号"}
        answered = reopen(self.case, Reopening.model_validate(given | body), self.now)
        self._keep(answered)
        return answered

    def reopens(self, days: int = 3, **body: Any) -> Self:
        """The inspection group sends the concluded case back."""
        answered = self.asks_to_reopen(days=days, **body)
        assert answered.refusal is None, answered.refusal
        assert answered.receipt is not None
        return self

    # What came of it -----------------------------------------------------------------------------------------

    def happened(self, event: type[_Happened]) -> list[_Happened]:
        """All events of this sort, in order."""
        return [entry.happened for entry in self.entries if isinstance(entry.happened, event)]

    def texts(self) -> list[str]:
        """The timeline's sentences."""
        return [line.text for line in self.case.timeline]

    def _keep(self, step: Step) -> None:
        self.entries += step.entries
        self.notices += step.notices
        self.case = step.case


def rectifying(rules: CaseRules | None = None, **changes: Any) -> Story:
    """A case that its unit works on, an hour after the hand-over."""
    return Story(rules, **changes).dispatched().acknowledges()


def verifying(rules: CaseRules | None = None, **changes: Any) -> Story:
    """A case whose final report is in, two hours after the hand-over."""
    return rectifying(rules, **changes).reports()


def surveying(rules: CaseRules | None = None, **changes: Any) -> Story:
    """A case whose residents are surveyed, four hours after the hand-over."""
    return verifying(rules, **changes).verifies().reviews()


def reporting(rules: CaseRules | None = None, **changes: Any) -> Story:
    """A case that satisfied its residents and has no coverage but that one, five hours after the hand-over."""
    return surveying(rules, **changes).surveys()


def concluded(rules: CaseRules | None = None, **changes: Any) -> Story:
    """A case without a star that is over, eight hours after the hand-over."""
    return reporting(rules, **changes).covered().submits()
