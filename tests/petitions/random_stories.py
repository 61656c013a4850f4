"""Random stories: strategies for deeds of every sort, and ``Run``, which does them and checks what must always hold."""

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from petitions.case import Case
from petitions.case_rules import DayRule, Durations, Gate, StickerDay, SurveyRules
from petitions.days import day_end
from petitions.deadlines import next_deadline, what_is_due
from petitions.events import Entry
from petitions.evolution import fold
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
from petitions.reopening import MOST_REOPENINGS, Reopening
from petitions.vocabulary import MessageKind, Stage, Sticker
from petitions.waiting import waiting_for
from tests.petitions.building import (
    ASSISTING,
    BODIES,
    BYSTANDER,
    COUNTY_MAYOR,
    DAY,
    ELSEWHERE,
    HOUR,
    INTAKE,
    LEAD,
    LEADERS,
    MAY_SEND,
    RECEIVED_AT,
    TEAMS,
    UNIT,
    answers,
    hand_over,
    small_rules,
)

K = MessageKind
OFFICES = (*LEADERS, *TEAMS, INTAKE, UNIT, LEAD, ASSISTING, BYSTANDER, ELSEWHERE, "city/nobody")


@dataclass(frozen=True)
class Pass:
    """Time passes."""

    span: timedelta


@dataclass(frozen=True)
class Send:
    """Somebody sends a message, sensible or not."""

    kind: MessageKind
    office: str
    name: str
    message_id: str | None
    """None: one that was never used."""
    body: dict[str, Any]


@dataclass(frozen=True)
class SendBytes:
    """Somebody sends what is no message."""

    body: bytes
    kind: str


@dataclass(frozen=True)
class GoOn:
    """So many times, somebody does what the case waits for, and all goes well but what ``fails``."""

    times: int
    fails: MessageKind | None = None


@dataclass(frozen=True)
class Notified:
    """The unit's notice is out."""


@dataclass(frozen=True)
class Submit:
    """The handling report goes out, if it may."""


@dataclass(frozen=True)
class Reopen:
    """The inspection group sends the case back, if it is concluded."""

    days: int


Deed = Pass | Send | SendBytes | GoOn | Notified | Submit | Reopen

_units = st.sampled_from([UNIT, LEAD, BYSTANDER, "水务局", "unit/没有的局"])
_moments = st.sampled_from(
    [
        RECEIVED_AT - DAY,
        RECEIVED_AT + HOUR,
        RECEIVED_AT + 3 * DAY,
        RECEIVED_AT + 3 * DAY,
        RECEIVED_AT.replace(year=2999),
    ]
).map(datetime.isoformat)
_texts = st.sampled_from(["一", "很长" * 900, "a\nb", " 空 格 "])
_names = st.sampled_from(["甲", "乙", "丙"])
_CHANGES: dict[MessageKind, dict[str, st.SearchStrategy[Any]]] = {
    K.DISPATCH: {"unit": _units, "note": _texts},
    K.ACKNOWLEDGEMENT: {},
    K.LEADER_INSTRUCTION: {"text": _texts, "complete_by": _moments},
    K.TASK_FORCE: {
        "lead_leader": st.fixed_dictionaries(
            {"office": st.sampled_from([COUNTY_MAYOR, *LEADERS, ELSEWHERE, UNIT]), "name": _names}
        ),
        "lead_department": _units,
        "assisting_departments": st.lists(_units, max_size=2),
        "members": st.lists(_names | st.just({"office": ASSISTING, "name": "甲"}), max_size=2),
    },
    K.SITE_VISIT: {"purpose": st.sampled_from(["supervision", "investigation", "verification"]), "notes": _texts},
    K.RECTIFICATION_REPORT: {"final": st.booleans(), "facts": _texts, "outcome": st.just({"fine_yuan": 0.5})},
    K.VERIFICATION: {"confirmed": st.booleans()},
    K.PRELIMINARY_REVIEW: {"passed": st.booleans()},
    K.SURVEY_RESULT: {
        "round": st.integers(1, 3),
        "responses": st.builds(answers, st.integers(0, 3), st.integers(0, 2), st.just(0), st.integers(0, 6)),
        "complete": st.booleans(),
        "team": st.lists(_names, max_size=2),
    },
    K.EXTENSION: {"days": st.sampled_from([1, 2, 10, 365])},
    K.STARRING: {"starred": st.booleans()},
    K.MERGE: {"into": st.sampled_from(["X1", "*X2", "X 3"])},
    K.WITHDRAWAL: {"reason": _texts},
}
_RARE = {K.MERGE, K.WITHDRAWAL}


_PLAYED: dict[str, tuple[str, ...]] = {
    "responsible_unit": (UNIT, BYSTANDER),
    "lead_department": (LEAD,),
    "task_force_member": (ASSISTING,),
    "any_leader": LEADERS,
    "any_team": TEAMS,
}


def _sends(kind: MessageKind) -> st.SearchStrategy[Deed]:
    """Mostly from an office that may; its body anything from plain to odd."""
    may = [office for sender in MAY_SEND[kind] for office in _PLAYED.get(sender, (sender,))]
    return st.builds(
        Send,
        kind=st.just(kind),
        office=st.sampled_from(may) | st.sampled_from(may) | st.sampled_from(OFFICES),
        name=_names,
        message_id=st.sampled_from([None, None, None, "one", "two"]),
        body=st.fixed_dictionaries({}, optional=_CHANGES[kind]),
    )


DEEDS: st.SearchStrategy[list[Deed]] = st.lists(
    st.one_of(
        st.builds(Pass, st.sampled_from([timedelta(0), timedelta(minutes=30), HOUR, 5 * HOUR, DAY, 3 * DAY])),
        st.builds(GoOn, st.integers(1, 9)),
        st.builds(GoOn, st.integers(3, 9), st.sampled_from([K.VERIFICATION, K.PRELIMINARY_REVIEW, K.SURVEY_RESULT])),
        *(_sends(kind) for kind in MessageKind if kind not in _RARE),
        st.sampled_from(list(MessageKind)).flatmap(_sends),
        st.builds(SendBytes, st.binary(max_size=20), st.sampled_from(["dispatch", "?"])),
        st.just(Notified()),
        st.just(Submit()),
        st.builds(Reopen, st.sampled_from([1, 3, 10])),
    ),
    min_size=3,
    max_size=30,
)
_EASY = SurveyRules(minimum_responses=2)
_CALENDAR = Durations(
    day_rule=DayRule.CALENDAR,
    day_ends_at_minute=18 * 60,
    stickers=(StickerDay(day=2, colour=Sticker.BLUE), StickerDay(day=7, colour=Sticker.RED)),
    chase_every=7 * HOUR,
)
RULES = {
    "plain": small_rules(survey=_EASY),
    "no unit": small_rules(survey=_EASY, default_unit=None),
    "warning": small_rules(survey=_EASY, gate=Gate.WARNING, ladder=()),
    "calendar": small_rules(survey=_EASY, durations=_CALENDAR),
}
"""The rules under which stories run, by a name that reads well in a failure."""
OPENED_AFTER = st.sampled_from([timedelta(0), -HOUR, HOUR, 2 * DAY, 8 * DAY])

_BY_REFUSAL = {"seq", "answers", "refused", "refused_count"}
"""The fields of a case that a refusal may change."""


@dataclass
class Run:
    """A random story as it goes; every step is checked."""

    case: Case
    now: datetime
    entries: list[Entry] = field(default_factory=list[Entry])
    notices: list[Notice] = field(default_factory=list[Notice])
    sent: list[tuple[bytes, str, Answered]] = field(default_factory=list[tuple[bytes, str, Answered]])
    """Every message whose answer the case remembers, with that answer."""

    @classmethod
    def start(cls, rules: str, opened_after: timedelta, *, starred: bool) -> "Run":
        """Open a case."""
        opened_at = RECEIVED_AT + opened_after
        step = open_case(hand_over(starred=starred), RULES[rules], opened_at)
        run = cls(step.case, opened_at, list(step.entries), list(step.notices))
        run.let_time_pass()
        return run

    def do(self, deed: Deed) -> None:
        """Do it, whatever comes of it."""
        match deed:
            case Pass(span):
                self.now += span
                self.let_time_pass()
            case Send():
                number = deed.message_id or f"fresh {len(self.sent)}"
                self._send(deed.kind, deed.office, deed.name, number, deed.body)
            case SendBytes():
                self._send_bytes(deed.body, deed.kind)
            case GoOn():
                for _ in range(deed.times):
                    self._go_on(deed.fails)
            case Notified() if self.case.responsible_unit:
                self._keep(unit_notified(self.case, self.case.responsible_unit, self.now))
            case Submit() if may_report(self.case):
                self._keep(report_is_submitted(self.case, "0" * 64, self.now))
                assert self.case.closed
            case Reopen(days):
                self._reopen(days)
            case _:
                pass

    def let_time_pass(self) -> None:
        """Up to now; after it nothing is due, and doing it again does nothing."""
        self._keep(let_time_pass(self.case, self.now))
        assert what_is_due(self.case, self.now) is None
        again = let_time_pass(self.case, self.now)
        assert (again.case, again.entries, again.notices) == (self.case, (), ())

    def _go_on(self, fails: MessageKind | None) -> None:
        self.now += HOUR
        self.let_time_pass()
        if self.case.responsible_unit and not self.case.unit_notified:
            self.do(Notified())
        waited = waiting_for(self.case)
        if not waited:
            self.do(Submit())
            return
        todo = waited[0]
        well = todo.what is not fails
        residents = answers(3 if well else 1, 0 if well else 2, first=100 * self.case.round + len(self.entries))
        body: dict[MessageKind, dict[str, Any]] = {
            K.VERIFICATION: {"confirmed": well},
            K.PRELIMINARY_REVIEW: {"passed": well},
            K.SURVEY_RESULT: {"round": self.case.round, "responses": residents, "complete": True},
        }
        known = self.case.refused_count
        self._send(todo.what, todo.office, "在场的人", f"fresh {len(self.sent)}", body.get(todo.what, {}))
        assert self.case.refused_count == known, f"who is waited for may do it: {self.case.refused[-1:]}"

    def _reopen(self, days: int) -> None:
        number, by = f"reopening {len(self.entries)}", {"office": INTAKE, "name": "受理员"}
        fields = {"message_id": number, "by": by, "days": days, "reason": "反弹", "authority": "督察组"}
        may_be = self.case.stage is Stage.CONCLUDED and len(self.case.reopenings) < MOST_REOPENINGS
        answered = reopen(self.case, Reopening.model_validate(fields), self.now)
        self._keep(answered)
        assert (answered.refusal is None) == may_be

    def _send(self, kind: MessageKind, office: str, name: str, message_id: str, changes: dict[str, Any]) -> None:
        fields = {"message_id": message_id, "by": {"office": office, "name": name}, **BODIES[kind], **changes}
        body = json.dumps(fields).encode()
        answered = self._send_bytes(body, kind)
        if message_id not in {json.loads(sent)["message_id"] for sent, _, _ in self.sent}:
            self.sent.append((body, kind, answered))

    def _send_bytes(self, body: bytes, kind: str) -> Answered:
        self.let_time_pass()
        before = self.case
        answered = take_in(self.case, read_message(body, kind), self.now)
        self._keep(answered)
        assert (answered.receipt is None) != (answered.refusal is None)
        if answered.refusal:
            assert len(answered.entries) <= 1, "one line of the record, and none for a repeat"
            assert answered.notices == ()
            assert before.model_copy(update=_only(self.case, _BY_REFUSAL)) == self.case
        return answered

    def _keep(self, step: Step) -> None:
        before, after = self.case, step.case
        seqs = [entry.seq for entry in (*self.entries[-1:], *step.entries)]
        assert seqs == list(range(seqs[0], seqs[0] + len(seqs)))
        assert fold(step.entries, before) == after
        times = [entry.at for entry in (*self.entries[-1:], *step.entries)]
        assert times == sorted(times)
        _check_for_ever(before, after)
        _check_now(after)
        self.case = after
        self.entries += step.entries
        self.notices += step.notices


def _only(case: Case, fields: set[str]) -> dict[str, Any]:
    return {name: getattr(case, name) for name in fields}


def _check_for_ever(before: Case, after: Case) -> None:
    """What never changes, and what only ever grows."""
    assert (after.hand_over, after.rules, after.opened_at) == (before.hand_over, before.rules, before.opened_at)
    for was, is_now in zip(before.breaches, after.breaches, strict=False):
        assert (was.milestone, was.due_at) == (is_now.milestone, is_now.due_at)
        assert was.met_at in {None, is_now.met_at}
    assert len(after.breaches) >= len(before.breaches)
    assert before.round <= after.round
    assert before.refused_count <= after.refused_count
    if len(after.reopenings) > len(before.reopenings):
        assert before.stage is Stage.CONCLUDED
        assert after.former_closings == (*before.former_closings, before.closing)
        return
    assert after.original_due_at == before.original_due_at
    assert set(before.passed) <= set(after.passed)
    assert before.overdue_notices <= after.overdue_notices
    if before.closed:
        assert before.model_copy(update=_only(after, _BY_REFUSAL)) == after, "closed stays closed"


def _check_now(case: Case) -> None:
    """What holds at any moment."""
    durations = case.rules.durations
    days = case.reopenings[-1].days if case.reopenings else durations.report_day
    mandate = day_end(durations, case.clock_started_at, days + case.extended_days)
    assert case.due_at == mandate, "the mandate clock runs from hand-over or reopening; only an extension moves it"
    assert (next_deadline(case) is None) == case.closed, "something is always still to come by itself"
    if case.closed:
        assert waiting_for(case) == ()
        assert case.closing is not None
    elif not waiting_for(case):
        untold = case.responsible_unit is not None and not case.unit_notified
        assert may_report(case) or untold, "if nobody is waited for, the case itself is about to act"
    assert {waiting.office for waiting in waiting_for(case)} <= {*OFFICES}
