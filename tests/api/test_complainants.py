"""``GET /v1/cases/{no}/complainant``: for two offices alone, each look on record, nothing told of what goes wrong."""

import asyncio
import base64
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from structlog.testing import capture_logs

from api.app import create_app
from intake.complainants import SealedComplainants
from petitions.complainant import Complainant
from petitions.jurisdiction.offices import INTAKE, SUPERVISION_TEAM
from sealing.key_file import KeyFile, new_key_file
from store import Store, open_pool
from store.complainants import WrittenLook
from tests.api.conftest import Records, client_of, settings_for
from tests.petitions.building import rectifying
from tests.store.servers import Server

WANG = Complainant(anonymous=False, name="王秘密", telephone="13800001111", address="通川区密巷7号")
NEEDLES = ("王秘密", "13800001111", "密巷7号")
LOOK = {"purpose": "电话回访核实情况", "name": "李受理"}
ADDRESS = "/v1/cases/X1/complainant"


@dataclass(frozen=True)
class SealedHouse:
    """An application with a master key file, and a case X1 whose complainant has left details; X2's has none."""

    client: httpx.AsyncClient
    store: Store
    key_path: Path

    async def ask(self, office: str | None, address: str = ADDRESS, **query: str) -> httpx.Response:
        """Ask for a complainant with a new key of an office; none: without a key."""
        key = await self.store.issue_key(label="测试", office=office) if office else None
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        return await self.client.get(address, params=query, headers=headers)

    async def looks(self) -> list[WrittenLook]:
        """What is on record."""
        return await self.store.complainant_looks()


@pytest.fixture
async def house(server: Server, template: str, tmp_path: Path) -> AsyncGenerator[SealedHouse]:
    """One of the test's own."""
    key_path = tmp_path / "keys.json"
    new_key_file(key_path)
    async with server.database(f"TEMPLATE {template}") as url, open_pool(url, max_size=5) as pool:
        store = Store(pool)
        await Records(store).keep(rectifying(), rectifying(case_no="X2"))
        await SealedComplainants(store, KeyFile(key_path)).seal("X1", WANG, "r0")
        app = create_app(settings_for(url, master_key_file=key_path), pool)
        async with client_of(app) as client:
            yield SealedHouse(client, store, key_path)


def problem(answer: httpx.Response, status: int, kind: str) -> str:
    """The problem's detail."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"] == f"urn:guatu:problem:{kind}"
    return answer.json()["detail"]


@pytest.mark.parametrize("office", [INTAKE, SUPERVISION_TEAM])
async def test_the_two_offices_see_it_and_are_on_record(house: SealedHouse, office: str) -> None:
    answer = await house.ask(office, **LOOK)
    assert answer.status_code == 200, answer.text
    assert answer.json() == {"case_no": "X1", "complainant": WANG.model_dump()}
    assert answer.headers["cache-control"] == "no-store"
    [look] = await house.looks()
    assert (look.case_no, look.given, look.office, look.name) == ("X1", True, office, "李受理")
    assert look.purpose == "电话回访核实情况"
    assert look.caller_id is not None
    assert look.caller_id.startswith("key/")


@pytest.mark.parametrize(
    ("office", "status", "kind"),
    [
        (None, 401, "not-signed-in"),
        ("city/mayor", 403, "forbidden"),
        ("city/party-secretary", 403, "forbidden"),
        ("city/stability-team", 403, "forbidden"),
        ("city/revisit-team", 403, "forbidden"),
        ("county/甲县/mayor", 403, "forbidden"),
        ("unit/水务局", 403, "forbidden"),
        ("county/渠县/mayor", 404, "case-not-found"),
        ("unit/渠县生态环境局", 404, "case-not-found"),
    ],
)
async def test_nobody_else_sees_it(house: SealedHouse, office: str | None, status: int, kind: str) -> None:
    await house.store.issue_key(label="有人", office="city/mayor")  # without a key there is no local operator any more
    case = await house.store.case("X1")
    assert case is not None
    assert (case["county"], case["responsible_unit"]) == ("甲县", "unit/水务局")
    answer = await house.ask(office, **LOOK)
    problem(answer, status, kind)
    assert not [needle for needle in NEEDLES if needle in answer.text]
    assert await house.looks() == []


async def test_the_operator_of_the_machine_does_not_see_it(house: SealedHouse) -> None:
    answer = await house.client.get(ADDRESS, params=LOOK, headers={"Host": "localhost"})
    assert "密钥" in problem(answer, 403, "forbidden")
    assert await house.looks() == []


async def test_an_intake_system_does_not_see_it(house: SealedHouse) -> None:
    key = await house.store.issue_key(label="省系统", system="province")
    answer = await house.client.get(ADDRESS, params=LOOK, headers={"Authorization": f"Bearer {key}"})
    problem(answer, 403, "forbidden")


@pytest.mark.parametrize(
    ("changes", "where", "told"),
    [
        ({"purpose": None}, "query.purpose", "缺少这一项"),
        ({"name": None}, "query.name", "缺少这一项"),
        ({"purpose": " "}, "query.purpose", "不能为空"),
        ({"purpose": "because"}, "query.purpose", "请用中文写明查看用途，例如“电话回访核实情况”"),
        ({"purpose": "看" * 201}, "query.purpose", "过长，上限为 200"),
        ({"name": "李\x00"}, "query.name", "含有空字符（NUL）"),
        ({"who": "x"}, "query.who", "没有这一项，请删去或改正拼写"),
    ],
)
async def test_who_looks_says_who_and_what_for(
    house: SealedHouse, changes: dict[str, str | None], where: str, told: str
) -> None:
    query = {name: value for name, value in {**LOOK, **changes}.items() if value is not None}
    answer = await house.ask(INTAKE, **query)
    problem(answer, 422, "invalid-request")
    [mistake] = answer.json()["errors"]
    assert mistake["where"] == where
    assert mistake["detail"].startswith(told)
    assert await house.looks() == []


async def test_a_case_without_details_and_no_case_at_all(house: SealedHouse) -> None:
    without = await house.ask(INTAKE, "/v1/cases/X2/complainant", **LOOK)
    assert "没有留下举报人信息" in problem(without, 404, "not-found")
    unknown = await house.ask(INTAKE, "/v1/cases/X9/complainant", **LOOK)
    assert "X9" in problem(unknown, 404, "case-not-found")
    assert [(look.case_no, look.given) for look in await house.looks()] == [("X9", False), ("X2", False)]


async def test_what_does_not_open_tells_nothing(house: SealedHouse) -> None:
    text = await asyncio.to_thread(house.key_path.read_text)
    other = text.replace(text.split('"')[-2], base64.b64encode(b"s" * 32).decode())
    await asyncio.to_thread(house.key_path.write_text, other)
    with capture_logs() as logged:
        answer = await house.ask(INTAKE, **LOOK)
    assert "主密钥文件" in problem(answer, 503, "sealing-unavailable")
    [look] = await house.looks()
    assert (look.kind.value, look.given, look.name) == ("failed", False, "李受理")
    assert not [needle for needle in NEEDLES if needle in answer.text + str(logged)]
    assert "does not open" in str(logged)


async def test_a_look_that_cannot_be_written_gives_nothing(house: SealedHouse) -> None:
    async with house.store.looking_at_complainant("X1") as looking:
        # Somebody holds the list of looks; nobody is told anything until it is free.
        await looking._connection.execute("LOCK TABLE complainant_look")  # pyright: ignore[reportPrivateUsage]
        answer = await house.ask(INTAKE, **LOOK)
    problem(answer, 503, "store-away")
    assert not [needle for needle in NEEDLES if needle in answer.text]


async def test_no_log_tells_anything(house: SealedHouse, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("DEBUG"), capture_logs() as logged:
        assert (await house.ask(INTAKE, **LOOK)).status_code == 200
    assert not [needle for needle in NEEDLES if needle in caplog.text + str(logged)]


async def test_the_description_says_what_it_takes(house: SealedHouse) -> None:
    described = (await house.client.get("/v1/openapi.json")).json()["paths"]["/v1/cases/{no}/complainant"]["get"]
    assert {"200", "401", "403", "404", "422", "503"} <= described["responses"].keys()
    parameters = {each["name"]: each for each in described["parameters"]}
    assert parameters["purpose"]["required"]
    assert parameters["name"]["required"]
    assert "sealing-unavailable" in str(described["responses"]["503"])
