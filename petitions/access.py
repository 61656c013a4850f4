"""Who is asking, and what they may do and see: one function, ``authorize``, decides for every door.

What an office may *send* on a case is not repeated here: that is ``petitions.standing``, and it holds on every way
into a case. Here stands what comes before it: whether somebody may speak for this office at all, and which cases
exist for them.
"""

from enum import StrEnum
from typing import Final, Self

from pydantic import model_validator

from petitions.case import Case
from petitions.jurisdiction.model import Jurisdiction
from petitions.jurisdiction.offices import INTAKE, SUPERVISION_TEAM, TEAMS
from petitions.regions import regions_of
from petitions.values import Name, Value
from petitions.vocabulary import Word


class KnownBy(StrEnum):
    """How a caller came to be known."""

    API_KEY = "api_key"
    TOKEN = "token"  # noqa: S105 - a word, no secret
    """A JWT of the OIDC issuer."""
    LOCAL = "local"
    """By being on this machine, where no key was ever issued; or because access is open."""


class Sight(Value):
    """Which cases exist for somebody: everything, or those of one county, or those of one unit."""

    county: Name | None = None
    unit: Name | None = None
    """``unit/<name>``."""

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if self.county is not None and self.unit is not None:
            raise ValueError("a sight is of a county or of a unit")
        return self

    @property
    def everything(self) -> bool:
        """Whether every case is in sight."""
        return self.county is None and self.unit is None

    def covers(self, case: "Whereabouts") -> bool:
        """Whether a case is in sight."""
        if self.county is not None:
            return self.county in regions_of(case.county)
        return self.unit is None or self.unit in case.units


EVERYTHING: Final = Sight()


class Whereabouts(Value):
    """What decides who sees a case: to whom it belongs."""

    county: Name
    """As its hand-over says it: one region, or those of a joint case."""
    units: tuple[Name, ...] = ()
    """See ``units_of``."""


class Caller(Value):
    """Somebody who asks: an office, an intake system, or the operator of this very machine.

    Make the last only as ``LOCAL_OPERATOR``.
    """

    id: Name
    """Of the key, or the token's subject: for logs and records, never a secret."""
    known_by: KnownBy
    office: Name | None = None
    """An office's id; a person with it may be anybody of that office."""
    system: Name | None = None
    """The name of an intake system, which hands cases over and sends nothing else."""

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        given = (self.office is not None) + (self.system is not None)
        if given != (self.known_by is not KnownBy.LOCAL):
            raise ValueError("a caller is an office or an intake system")
        if self.office is not None and not is_office_id(self.office):
            raise ValueError(f"{self.office!r} is not the id of an office")
        return self

    @property
    def local(self) -> bool:
        """Whether this is the operator of this machine, who may speak for every office."""
        return self.known_by is KnownBy.LOCAL

    @property
    def acts_as(self) -> str:
        """The office's id, ``system/<name>`` or ``local``: for logs and records."""
        return self.office or (f"system/{self.system}" if self.system else "local")

    @property
    def sight(self) -> Sight:
        """Which cases exist for the caller."""
        match (self.office or "").split("/"):
            case ["county", county, *_]:
                return Sight(county=county)
            case ["unit", *_]:
                return Sight(unit=self.office)
            case _:  # a city office, an intake system, the local operator
                return EVERYTHING


LOCAL_OPERATOR: Final = Caller(id="local", known_by=KnownBy.LOCAL)
"""Whoever sits at a machine on which nobody has issued a key yet: may do everything but see a complainant."""


class Deed(Word):
    """What somebody asks for; every route is one of these."""

    HAND_OVER = "hand_over", "交办案件"
    HAND_OVER_BATCH = "hand_over_batch", "批量交办案件"
    REOPEN = "reopen", "退回重办案件"
    SEND_MESSAGE = "send_message", "发送办理消息"
    LIST_CASES = "list_cases", "查看案件列表"
    """Also the wall: everybody known sees one, with the cases in sight."""
    SEE_CASE = "see_case", "查看案件"
    """Also its timeline, its page and its report."""
    SEE_FIGURES = "see_figures", "查看统计和通报"
    SEE_COMPLAINANT = "see_complainant", "查看举报人信息"
    SEE_DUPLICATES = "see_duplicates", "查看疑似重复件"
    SEE_PAYLOADS = "see_payloads", "解密查看流程数据"
    """Have payloads of Temporal opened, or sealed."""


class Denial(Value):
    """Why somebody may not do what they ask for.

    Attributes:
        reason: A sentence in Chinese, for whoever asked.
        hidden: The case is out of sight: answer as though there were none of this number.
    """

    reason: str
    hidden: bool = False


OPERATOR: Final = "operator"
"""The system by which whoever runs the machines is known: it hands over no case, and looks into Temporal."""

ON_A_CASE: Final = frozenset({Deed.REOPEN, Deed.SEND_MESSAGE, Deed.SEE_CASE, Deed.SEE_COMPLAINANT})
"""What is done to one case, which must be in sight."""

_ONLY: Final[dict[Deed, tuple[frozenset[str], bool, str]]] = {
    Deed.HAND_OVER: (frozenset({INTAKE}), True, "信访受理中心或交办系统"),
    Deed.HAND_OVER_BATCH: (frozenset({INTAKE}), True, "信访受理中心或交办系统"),
    Deed.REOPEN: (frozenset({INTAKE}), False, "信访受理中心"),
    Deed.SEE_COMPLAINANT: (frozenset({INTAKE, SUPERVISION_TEAM}), False, "信访受理中心和案件督办组"),
    Deed.SEE_DUPLICATES: (frozenset({INTAKE, *TEAMS}), True, "信访受理中心、各工作组或交办系统"),
    Deed.SEE_PAYLOADS: (frozenset(), False, "系统管理员（系统名为 operator 的密钥）"),
}
"""Deeds of certain offices: which, whether intake systems too, and who that is in Chinese."""


def authorize(
    caller: Caller, deed: Deed, *, case: Whereabouts | None = None, by_office: str | None = None
) -> Denial | None:
    """Why the caller may not do this, or none: they may.

    Args:
        caller: Who asks.
        deed: What they ask for.
        case: To whom the case belongs; needed for what is done to one case, unless the caller sees everything.
            None to a caller who does not: no such case is known.
        by_office: The office for which the message claims to speak (``by.office``); none if it says none.
    """
    if caller.local:
        if deed is Deed.SEE_COMPLAINANT:
            return Denial(reason="查看举报人信息须使用信访受理中心或案件督办组的密钥；请先签发密钥再登录查看")
        return None
    sight = caller.sight
    if deed in ON_A_CASE and not sight.everything and (case is None or not sight.covers(case)):
        return Denial(reason="没有这一受理编号的信访举报件", hidden=True)
    if deed in _ONLY:
        offices, systems, who = _ONLY[deed]
        by_system = deed is Deed.SEE_PAYLOADS if caller.system == OPERATOR else (systems and caller.system is not None)
        if not (caller.office in offices or by_system):
            return Denial(reason=f"{_called(caller)}不能{deed.label}；只有{who}可以")
    if deed is Deed.SEND_MESSAGE and caller.system is not None:
        return Denial(reason=f"{_called(caller)}只能交办案件，不能{deed.label}；请使用办理单位自己的密钥")
    if by_office is not None and caller.office is not None and by_office.strip() != caller.office:
        return Denial(
            reason=f"{_called(caller)}不能以“{by_office[:60]}”的名义{deed.label}；by.office 应为“{caller.office}”"
        )
    return None


def units_of(case: Case) -> tuple[str, ...]:
    """The units that see a case, sorted: the responsible one as it is now, and those of the task force."""
    offices = set(case.task_force.offices) if case.task_force else set[str]()
    if case.responsible_unit:
        offices.add(case.responsible_unit)
    return tuple(sorted(office for office in offices if office.startswith("unit/")))


def whereabouts(case: Case) -> Whereabouts:
    """To whom a case belongs."""
    return Whereabouts(county=case.hand_over.county, units=units_of(case))


def is_office_id(text: str) -> bool:
    """Whether this is written like an office's id; whether there is such an office is the jurisdiction's to say."""
    match text.split("/"):
        case ["city" | "unit", *rest] | ["county", _, *rest] if rest:
            return all(part.strip() == part and part for part in text.split("/"))
        case _:
            return False


def offices_of(jurisdiction: Jurisdiction) -> dict[str, str]:
    """Every office of a jurisdiction by its id, with what people call it."""
    counties = (title for county in jurisdiction.counties for title in jurisdiction.county_titles(county).items())
    units = ((unit, unit.removeprefix("unit/")) for unit in jurisdiction.unit_ids())
    return {**jurisdiction.city_titles(), **dict(counties), **dict(units)}


def _called(caller: Caller) -> str:
    if caller.system == OPERATOR:
        return "系统管理员"
    return f"交办系统“{caller.system}”" if caller.system else f"“{caller.office}”"
