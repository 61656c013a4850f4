"""Ready-made links into the Temporal UI, each with its filter; what Temporal has no filter for is found on the wall.

Saved views of the Temporal UI live in one browser; an address can be given to anybody. What is missing of the four
coverages is no search attribute (they are fixed by the contract), so those links lead to the wall, which knows it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from activities.reconciliation import PROBLEMS
from petitions.jurisdiction.model import Jurisdiction
from petitions.vocabulary import Coverage, Stage, Sticker
from workflows.console import CASE_OVERDUE, CASE_STAGE, CASE_STARRED, CASE_STICKER, CASE_WAITING_FOR
from workflows.names import WORKFLOW_TYPE

_OPEN = f"WorkflowType = '{WORKFLOW_TYPE}' AND ExecutionStatus = 'Running'"
_ENDED_OTHERWISE = (
    f"WorkflowType = '{WORKFLOW_TYPE}' AND ExecutionStatus IN ('Terminated', 'Canceled', 'Failed', 'TimedOut')"
)


@dataclass(frozen=True)
class Link:
    """A link.

    Attributes:
        label: What it shows, in Chinese.
        address: Where it leads.
        query: The filter in it, for Temporal; none: it leads to the wall.
    """

    label: str
    address: str
    query: str | None


@dataclass(frozen=True)
class Places:
    """Where the two pages are, as browsers reach them.

    Attributes:
        temporal_ui: The Temporal UI's address.
        namespace: Temporal's namespace.
        wall: The wall's address.
    """

    temporal_ui: str
    namespace: str
    wall: str

    def cases(self, label: str, query: str) -> Link:
        """The list of workflows that a filter lets through."""
        workflows = f"{self.temporal_ui.rstrip('/')}/namespaces/{quote(self.namespace, safe='')}/workflows"
        return Link(label, f"{workflows}?{urlencode({'query': query}, quote_via=quote)}", query)

    def on_the_wall(self, label: str, **filters: str) -> Link:
        """The wall with a filter."""
        return Link(label, f"{self.wall.rstrip('/')}/?{urlencode(filters, quote_via=quote)}", None)


def links(places: Places) -> Iterator[Link]:
    """The links for everybody."""
    yield places.cases("全部在办件", _OPEN)
    yield places.cases("超期", _and(f"{CASE_OVERDUE.name} = true"))
    for sticker in reversed(Sticker):
        yield places.cases(f"{sticker.label}色即时贴", _and(f"{CASE_STICKER.name} = '{sticker.value}'"))
    yield places.cases("加星件", _and(f"{CASE_STARRED.name} = true"))
    yield places.cases("未分发", _and(f"{CASE_STAGE.name} = '{Stage.RECEIVED.value}'"))
    # Not on PROBLEMS being there alone: the server sets it on any workflow, and only cases are meant.
    yield places.cases("流程任务反复失败", _and(f"{PROBLEMS} IS NOT NULL"))
    yield places.cases("流程未经办结而停止（被终止、取消或失败）", _ENDED_OTHERWISE)
    for coverage in Coverage:
        yield places.on_the_wall(f"缺{coverage.label}（在挂图上看）", missing=coverage.value)


def links_of_city_offices(places: Places, jurisdiction: Jurisdiction) -> Iterator[Link]:
    """What each office of the city is waited for."""
    for office, title in jurisdiction.city_titles().items():
        yield link_of_office(places, office, title)


def link_of_office(places: Places, office: str, title: str) -> Link:
    """The open cases that wait for an office."""
    return places.cases(f"等待{title}", _and(f"{CASE_WAITING_FOR.name} = '{office}'"))


def _and(condition: str) -> str:
    return f"{_OPEN} AND {condition}"
