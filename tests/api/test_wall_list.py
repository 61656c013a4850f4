"""The wall as a list: what its filters let through, and every text as text in whatever opens it."""

import csv
import io
import re
import zipfile
from zoneinfo import ZoneInfo

import httpx
import pytest
from python_calamine import CalamineWorkbook

from api.wall_list import HEADINGS, as_csv, as_xlsx, table
from tests.api.conftest import House, Records
from tests.petitions.building import Story, concluded, rectifying

FORMULAS = (
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    '=HYPERLINK("http://x","y")',
    "\t=1",
    " =1+1",
    "<b><script>1</script>",
)


def rows_of_csv(content: bytes) -> list[list[str]]:
    """As a spreadsheet program reads it."""
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))


def rows_of_xlsx(content: bytes) -> list[list[object]]:
    """As a spreadsheet program reads it."""
    return [list(row) for row in CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0).to_python()]


async def test_it_has_the_open_cases_that_the_filters_let_through(client: httpx.AsyncClient, records: Records) -> None:
    await records.keep(rectifying(case_no="A"), rectifying(case_no="B", starred=True), concluded(case_no="C"))
    answer = await client.get("/list.csv")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert "attachment" in answer.headers["content-disposition"]
    rows = rows_of_csv(answer.content)
    assert rows[0] == list(HEADINGS)
    assert {row[0] for row in rows[1:]} == {"A", "B"}
    starred = rows_of_csv((await client.get("/list.csv", params={"starred": "1"})).content)
    assert [row[:2] for row in starred[1:]] == [["B", "★"]]


async def test_the_workbook_says_the_same(client: httpx.AsyncClient, records: Records) -> None:
    await records.keep(rectifying(case_no="A"), rectifying(case_no="B", starred=True))
    by_csv = rows_of_csv((await client.get("/list.csv")).content)
    answer = await client.get("/list.xlsx")
    assert rows_of_xlsx(answer.content) == by_csv


@pytest.mark.parametrize("typed", FORMULAS)
async def test_what_people_typed_is_text_in_it(typed: str, own: House) -> None:
    await own.records.keep(Story(case_no="A", location=typed, summary=typed))
    typed = typed.strip()  # as every text is on its way in
    by_csv = rows_of_csv((await own.client.get("/list.csv")).content)[1]
    for cell in by_csv:
        assert not re.match(r"\s*[=+\-@]", cell), cell
    assert by_csv[5].removeprefix("'") == typed
    content = (await own.client.get("/list.xlsx")).content
    assert rows_of_xlsx(content)[1][5] == typed
    sheet = zipfile.ZipFile(io.BytesIO(content)).read("xl/worksheets/sheet1.xml").decode()
    assert "<f>" not in sheet
    assert "<hyperlink" not in sheet


def test_an_empty_list_has_its_headings() -> None:
    rows = table((), {}, ZoneInfo("Asia/Shanghai"))
    assert rows_of_csv(as_csv(rows)) == rows_of_xlsx(as_xlsx(rows)) == [list(HEADINGS)]
