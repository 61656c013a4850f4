"""``POST /v1/batches``: a list in any form, a result for each row, and every case once."""

import csv
import io
import json
from typing import Any

import httpx
import pytest
from temporalio.client import Client

from store import Store
from tests.http.cases import concluded, new_case, until
from tests.intake.written_lists import workbook

pytestmark = pytest.mark.usefixtures("worker")

HEADER = ["受理编号", "交办时间", "来电来信", "是否加星", "县（市、区）", "地点", "污染类型", "反映问题"]
CSV = {"content-type": "text/csv"}
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def rows(count: int) -> list[list[str]]:
    return [
        [new_case()["case_no"], "2026-11-20 10:00", "来电", "", "通川区", f"第{number}巷", "水、大气", "脏水横流"]
        for number in range(count)
    ]


def as_csv(body: list[list[str]], header: list[str] = HEADER) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows([header, *body])
    return text.getvalue().encode()


def as_xlsx(body: list[list[str]]) -> bytes:
    return workbook({"交办清单": [["第三批交办清单"], HEADER, *body]})


async def test_the_same_list_three_times_is_every_case_once(
    http: httpx.AsyncClient, client: Client, store: Store
) -> None:
    body = as_csv(given := rows(20))
    answers = [(await http.post("/v1/batches", content=body, headers=CSV)).json() for _ in range(3)]
    assert [answer["summary"]["created"] for answer in answers] == [20, 0, 0]
    assert [answer["summary"]["same"] for answer in answers] == [0, 20, 20]
    assert [row["row"] for row in answers[0]["results"]] == list(range(2, 22))
    for number, *_ in given:
        await until(http, number, "dispatched")
        entries = await store.entries(number)
        assert [entry.event for entry in entries].count("received") == 1


async def test_each_row_is_answered_for_by_itself(http: httpx.AsyncClient) -> None:
    given = rows(4)
    given[0][0] = f"*{given[0][0]}"
    given[1][6] = "火灾"
    given[2][1] = "不知道"
    there = new_case(case_no=given[3][0])
    assert (await http.post("/v1/cases", json=there)).status_code == 201
    answer = await http.post("/v1/batches", content=as_csv(given), headers=CSV)
    assert answer.status_code == 200, answer.text
    assert [row["result"] for row in answer.json()["results"]] == ["created", "invalid", "invalid", "conflict"]
    assert all(row["mistakes"] for row in answer.json()["results"][1:])
    view = await until(http, given[0][0].lstrip("*"), "dispatched")
    assert (view["starred"], view["categories"], view["received_at"]) == (
        True,
        ["water", "air"],
        "2026-11-20T10:00:00+08:00",
    )


async def test_workbooks_json_lines_and_forms(http: httpx.AsyncClient) -> None:
    book = await http.post("/v1/batches", content=as_xlsx(rows(2)), headers={"content-type": XLSX})
    assert (book.status_code, book.json()["summary"]["created"]) == (200, 2), book.text
    lines = "\n".join(json.dumps(new_case()) for _ in range(2)).encode()
    by_lines = await http.post("/v1/batches", content=lines, headers={"content-type": "application/x-ndjson"})
    assert (by_lines.status_code, by_lines.json()["summary"]["created"]) == (200, 2)
    form = await http.post("/v1/batches", files={"file": ("清单.xlsx", as_xlsx(rows(3)), XLSX)})
    assert (form.status_code, form.json()["summary"]["created"]) == (200, 3), form.text


async def test_columns_of_the_complainant_are_dropped_and_named(http: httpx.AsyncClient, store: Store) -> None:
    given = [[*row, "王某某", "13812349876"] for row in rows(2)]
    answer = await http.post("/v1/batches", content=as_csv(given, [*HEADER, "举报人", "联系电话"]), headers=CSV)
    assert answer.json()["ignored_columns"] == ["举报人", "联系电话"]
    assert "13812349876" not in answer.text
    await until(http, given[0][0], "dispatched")
    known = await store.state(given[0][0])
    assert known is not None
    assert "13812349876" not in known.model_dump_json()


async def test_a_concluded_case_in_the_list_is_the_same(http: httpx.AsyncClient) -> None:
    body = new_case()
    assert (await http.post("/v1/cases", json=body)).status_code == 201
    await until(http, body["case_no"], "dispatched")
    await concluded(http, body["case_no"])
    line = json.dumps(body).encode()
    answer = await http.post("/v1/batches", content=line, headers={"content-type": "application/jsonl"})
    assert answer.json()["summary"]["same"] == 1


async def test_a_jurisdiction_that_is_not_known_is_a_mistake_of_its_row(http: httpx.AsyncClient) -> None:
    lines = "\n".join(json.dumps(new_case(jurisdiction=name)) for name in ("nowhere", "dazhou")).encode()
    answer = await http.post("/v1/batches", content=lines, headers={"content-type": "application/jsonl"})
    assert [row["result"] for row in answer.json()["results"]] == ["invalid", "created"]


UNREADABLE: list[tuple[bytes, dict[str, str], int]] = [
    (b"", CSV, 422),
    (b"a,b\n1,2\n", CSV, 422),
    (as_csv([]), CSV, 422),
    (b"PK\x03\x04 no zip", {"content-type": XLSX}, 422),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", CSV, 415),
    (b"x" * (11 * 1024 * 1024), CSV, 413),
    (b"--x\r\n", {"content-type": "multipart/form-data; boundary=x"}, 422),
    (b"", {"content-type": "multipart/form-data"}, 422),
]


@pytest.mark.parametrize(("content", "headers", "status"), UNREADABLE, ids=lambda given: str(given)[:30])
async def test_a_list_that_cannot_be_taken_is_refused_as_a_whole(
    http: httpx.AsyncClient, content: bytes, headers: dict[str, str], status: int
) -> None:
    answer = await http.post("/v1/batches", content=content, headers=headers)
    assert answer.status_code == status, answer.text
    problem: dict[str, Any] = answer.json()
    assert problem["detail"]
