"""Notices that no case's record tells: morning digests, and where a case and its workflow differ.

Their keys: ``digest/<day>/[<jurisdiction>/]<office>`` and ``discrepancy/<number>/[<jurisdiction>/]<office>``.
"""

from collections.abc import Mapping

from petitions.discrepancies import DiscrepancyKind
from petitions.notices import Notice
from petitions.values import Name

DIGEST, DISCREPANCY = "digest", "discrepancy"

_TAKE_UP = "请系统管理员核实原因后执行 guatu reconcile --repair，从档案接续办理。"
_SEE_UI = "请系统管理员在 Temporal 界面查看失败原因，排除后自动继续。"
_ADVICE: Mapping[DiscrepancyKind, str] = {
    DiscrepancyKind.STOPPED: _TAKE_UP,
    DiscrepancyKind.PAUSED: "请系统管理员在 Temporal 界面解除暂停，或执行 guatu reconcile --repair。",
    DiscrepancyKind.STALLED: _SEE_UI,
    DiscrepancyKind.RESET: _TAKE_UP,
    DiscrepancyKind.LAGGING: _SEE_UI,
    DiscrepancyKind.UNRECORDED: _SEE_UI,
    DiscrepancyKind.LEFT_RUNNING: _SEE_UI,
    DiscrepancyKind.SILENT: "请系统管理员检查工作进程是否在运行。",
    DiscrepancyKind.DIFFERING: "请系统管理员执行 guatu verify 检查档案是否完整。",
}


def house_key(what: str, of: str, jurisdiction: Name | None, office: Name) -> str:
    """The key of a notice that no case's record tells.

    Args:
        what: ``DIGEST`` or ``DISCREPANCY``.
        of: what tells it from others of its kind; without a slash.
        jurisdiction: the file whose addresses it goes to; none: the worker's own.
        office: its id.
    """
    return "/".join((what, of, *([jurisdiction] if jurisdiction else []), office))


def jurisdiction_of(key: str, office: Name) -> Name | None:
    """The jurisdiction file that the key of such a notice to this office names."""
    return "/".join(key.split("/")[2:]).removesuffix(office).rstrip("/") or None


def discrepancy_notice(
    number: int, case_no: str, kind: DiscrepancyKind, jurisdiction: Name | None, office: Name
) -> Notice:
    """What the petition-stability team is told when a case and its workflow differ.

    Args:
        number: of the finding: the same is told once.
        case_no: of the case.
        kind: what differs.
        jurisdiction: the file that the case names; none: the worker's own.
        office: whom it is told.
    """
    return Notice(
        key=house_key(DISCREPANCY, str(number), jurisdiction, office),
        case_no="",
        to=office,
        title=f"【{case_no}】流程异常",
        body=f"{kind.label}。档案未受影响，挂图上已提示。{_ADVICE[kind]}",
        urgent=True,
    )
