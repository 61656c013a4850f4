"""Who may send what (§4), and who must stand aside: each rule of standing once."""

from petitions.case import Case
from petitions.case_rules import Sender
from petitions.messages import AnyMessage, Refusal, SiteVisit, SurveyResult, Verification
from petitions.values import Name
from petitions.vocabulary import MessageKind, Purpose, RefusalCode


def unit_id(unit: str) -> str:
    """A unit's id (``unit/<name>``), given with or without the prefix."""
    return unit if unit.startswith("unit/") else f"unit/{unit}"


def is_office(case: Case, office: str) -> bool:
    """Whether the jurisdiction knows the office."""
    rules = case.rules
    return office in rules.titles or office in rules.units or office in rules.other_offices


def parts(case: Case, office: str) -> frozenset[Sender]:
    """The parts that an office plays in this very case."""
    played: set[Sender] = set()
    if case.responsible_unit == office:
        played.add(Sender.RESPONSIBLE_UNIT)
    if case.task_force:
        if case.task_force.lead_department == office:
            played.add(Sender.LEAD_DEPARTMENT)
        if office in case.task_force.offices:
            played.add(Sender.TASK_FORCE_MEMBER)
    if office in case.rules.leaders:
        played.add(Sender.ANY_LEADER)
    if office in case.rules.teams:
        played.add(Sender.ANY_TEAM)
    return frozenset(played)


def may_send(case: Case, kind: MessageKind, office: Name) -> bool:
    """Whether the office may send this kind of message on this case."""
    return bool(set(case.rules.may_send.get(kind, ())) & {office, *parts(case, office)})


def refuse_standing(case: Case, message: AnyMessage) -> Refusal | None:
    """Why the sender may not send this message, or none: unknown office, not its to send, must stand aside."""
    office = message.by.office
    if not is_office(case, office):
        return Refusal(
            code=RefusalCode.UNKNOWN_OFFICE, reason=f"“{office}”不在本辖区的单位（职务）名录中；请核对后重新发送"
        )
    if not may_send(case, message.kind, office):
        only_by_part = set(case.rules.may_send.get(message.kind, ())) <= {
            Sender.RESPONSIBLE_UNIT,
            Sender.LEAD_DEPARTMENT,
        }
        if only_by_part and office.startswith("unit/") and case.responsible_unit is None:
            return Refusal(code=RefusalCode.NOT_NOW, reason="本件尚未分发，还没有责任单位；请在收到交办通知后办理")
        return Refusal(
            code=RefusalCode.NOT_YOURS,
            reason=f"{case.title_of(office)}不能对本件发送“{message.kind.label}”；"
            f"应由{_those_who_may(case, message)}发送",
        )
    return _refuse_conflict(case, message)


def _refuse_conflict(case: Case, message: AnyMessage) -> Refusal | None:
    """Who handled a case may not verify it or survey its residents (§3)."""
    verifies = isinstance(message, Verification) or (
        isinstance(message, SiteVisit) and message.purpose is Purpose.VERIFICATION
    )
    surveys = isinstance(message, SurveyResult)
    if not verifies and not surveys:
        return None
    deed = "回访" if surveys else "核实"
    if isinstance(message, SiteVisit) and parts(case, message.by.office) & {
        Sender.RESPONSIBLE_UNIT,
        Sender.TASK_FORCE_MEMBER,
    }:
        return _stand_aside(case.title_of(message.by.office), deed)
    # Whoever sits in the task force sits there as a person, for whatever office they sign elsewhere: the name decides.
    in_task_force = case.task_force.people if case.task_force else frozenset[str]()
    team = message.team if isinstance(message, SurveyResult) else ()
    # A namesake at another office is somebody else; a name on the team without an office may be the handler.
    handled = {handler.name for handler in case.handlers}
    by_handler = message.by in case.handlers
    for name in (message.by.name, *team):
        if name in in_task_force or (name in team and name in handled) or (name == message.by.name and by_handler):
            return _stand_aside(name, deed)
    return None


def _stand_aside(who: str, deed: str) -> Refusal:
    return Refusal(
        code=RefusalCode.CONFLICT_OF_INTEREST, reason=f"{who}参与了本件办理，不能参加{deed}；请换人{deed}后重新发送"
    )


_PART_TITLES = {
    Sender.RESPONSIBLE_UNIT: "责任单位",
    Sender.LEAD_DEPARTMENT: "专班主办部门",
    Sender.TASK_FORCE_MEMBER: "专班成员",
    Sender.ANY_LEADER: "市级领导或本县（市、区）领导",
    Sender.ANY_TEAM: "各工作组",
}


def _those_who_may(case: Case, message: AnyMessage) -> str:
    return "、".join(
        _PART_TITLES[Sender(sender)] if sender in set(Sender) else case.title_of(sender)
        for sender in case.rules.may_send.get(message.kind, ())
    )
