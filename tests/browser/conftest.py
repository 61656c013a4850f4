"""Sites whose clock stands still, and one that is live; visitors."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import pytest
from playwright.async_api import Browser
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter

from activities.case_activities import CaseActivities
from activities.jurisdictions import Jurisdictions
from api.app import create_app
from api.settings import ApiSettings
from intake.engine import Engine
from intake.request_ids import SendRequestIds
from store import Store, open_pool
from store.changes import CaseChanges
from tests.browser.city import Site, city_site, served
from tests.browser.page_checks import Opened
from tests.browser.planting import Planted, planted_site
from tests.browser.shown import TELEVISION, Screen
from tests.browser.tabs import Tabs, open_tabs
from tests.browser.visiting import Visitor, visiting
from tests.places import SharedStack, new_place
from tests.store.servers import Server
from worker.process import case_worker
from worker.settings import WorkerSettings
from workflows.payloads import case_data_converter


@pytest.fixture(scope="session")
async def standing(browser: Browser, server: Server, template: str) -> AsyncGenerator[Site]:
    """The site with the city's cases, whose clock stands still."""
    async with city_site(server, template) as site:
        yield site


class Visits(Protocol):
    """Sends a visitor to a site."""

    def __call__(
        self, address: str, screen: Screen = TELEVISION, *, javascript: bool = True
    ) -> AbstractAsyncContextManager[Visitor]:
        """A visitor with a fresh browser context, for as long as the block runs."""
        ...


VisitsCity = Callable[..., AbstractAsyncContextManager[Visitor]]
"""``Visits``, of the site with the city's cases."""


@pytest.fixture
def visits(browser: Browser) -> Visits:
    """Visitors of any site."""
    return partial(visiting, browser)


@pytest.fixture
def visits_city(browser: Browser, standing: Site) -> VisitsCity:
    """Visitors of the site with the city's cases."""
    return partial(visiting, browser, standing.address)


@pytest.fixture(scope="session")
async def tabs(browser: Browser, standing: Site) -> AsyncGenerator[Tabs]:
    """Tabs for those who only look at the site with the city's cases."""
    async with open_tabs(browser, standing.address) as tabs:
        yield tabs


@pytest.fixture(scope="session")
async def opened(request: pytest.FixtureRequest, tabs: Tabs) -> AsyncGenerator[Opened]:
    """A page on a screen or laid out for paper; see ``PageChecks``."""
    shown, screen = request.param
    tab = tabs.of(screen)
    yield Opened(shown, screen, await tab.show(shown, screen), tabs)
    tab.assert_quiet()


@pytest.fixture
def looks(tabs: Tabs) -> Generator[Tabs]:
    """Tabs for a test that only looks; the browser must have nothing to complain of."""
    yield tabs
    tabs.assert_quiet()


@pytest.fixture(scope="session")
async def planted_pages(browser: Browser) -> AsyncGenerator[Planted]:
    """The site with what tests plant."""
    async with planted_site(browser) as site:
        yield site


@pytest.fixture
def planted(planted_pages: Planted) -> Generator[Planted]:
    """The site with what the test plants; the browser must have nothing to complain of."""
    yield planted_pages
    planted_pages.tabs.assert_quiet()


@dataclass(frozen=True)
class Live:
    """A running application on a real engine with a worker.

    Attributes:
        address: Where it is, without a slash at the end.
        client: A plain client of its Temporal namespace, as an outside program has it.
        store: Its record.
    """

    address: str
    client: Client
    store: Store


@pytest.fixture(scope="session")
async def live(browser: Browser, stack: SharedStack) -> AsyncGenerator[Live]:
    """The site on the session's servers, in a namespace and a database of its own: no other test's cases are there."""
    place = await new_place(stack, prepared=True)
    at, namespace = stack.temporal_address, place.client.namespace
    own = await Client.connect(at, namespace=namespace, data_converter=case_data_converter)
    outside = await Client.connect(
        at, namespace=namespace, interceptors=[SendRequestIds()], data_converter=pydantic_data_converter
    )
    worker_settings = WorkerSettings(database_url=place.database_url, jurisdiction="dazhou")
    settings = ApiSettings(database_url=place.database_url, api_engine_seconds=120, api_store_seconds=60)
    changes = CaseChanges(place.database_url)
    listening = asyncio.create_task(changes.listen())
    try:
        async with open_pool(place.database_url, max_size=15) as pool:
            activities = CaseActivities(Store(pool), Jurisdictions("dazhou"))
            app = create_app(settings, pool, engine=Engine(outside, seconds=120), changes=changes)
            async with case_worker(own, activities, worker_settings), served(app) as address:
                yield Live(address, place.client, Store(pool))
    finally:
        listening.cancel()
