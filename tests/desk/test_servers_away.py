"""The engine or Postgres is away while a form is sent: all that was typed is still there."""

import httpx
import pytest
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter

from api.app import create_app
from guatu.embedded.ports import free_port
from intake.engine import Engine
from store import Store, open_pool
from store.connection import Pool
from tests.desk.browsing import Browser
from tests.desk.conftest import SignsIn, settings
from tests.desk.filling import REPORT, form_on, report
from tests.http.cases import UNIT, handed_over
from tests.http.conftest import http_client
from tests.places import SharedStack

pytestmark = pytest.mark.usefixtures("worker")


async def test_the_engine_is_away_and_all_that_was_typed_is_still_there(
    stack: SharedStack, http: httpx.AsyncClient, signs_in: SignsIn, store: Store, pool: Pool
) -> None:
    case_no = await handed_over(http)
    away = await Client.connect(f"127.0.0.1:{free_port()}", lazy=True, data_converter=pydantic_data_converter)
    app = create_app(settings(stack), pool, engine=Engine(away, 3))
    unit = await signs_in(UNIT, "王经办")
    form = await form_on(unit, case_no, "rectification_report")
    async with http_client(app) as client:
        client.cookies = unit.client.cookies
        page = await Browser(client).press(form, **report())
    assert page.status == 503
    assert page.answer.headers["retry-after"] == "5"
    assert "暂时没有应答" in page.text
    kept = page.form("/forms/rectification_report")
    assert {name: kept.value(name) for name in REPORT} == REPORT
    assert kept.value("message_id") == form.value("message_id"), "sent again it counts once"
    assert "已提交" in (await unit.press(kept)).text
    assert [line.event for line in await store.timeline(case_no)].count("rectification_report") == 1


async def test_postgres_is_away_and_all_that_was_typed_is_still_there(
    stack: SharedStack, http: httpx.AsyncClient, signs_in: SignsIn, engine: Engine
) -> None:
    case_no = await handed_over(http)
    unit = await signs_in(UNIT, "王经办")
    form = await form_on(unit, case_no, "rectification_report")
    nowhere = f"postgresql://guatu@127.0.0.1:{free_port()}/guatu"
    async with (
        open_pool(nowhere, min_size=0, max_size=2) as pool,
        http_client(create_app(settings(stack, database_url=nowhere), pool, engine=engine)) as client,
    ):
        client.cookies = unit.client.cookies
        page = await Browser(client).press(form, **report())
    assert page.status == 503
    assert "数据库暂时无法使用" in page.text
    again = page.form("/forms/rectification_report")
    assert {name: again.value(name) for name in REPORT} == REPORT
    assert "已提交" in (await unit.post(again, again.values, None)).text
