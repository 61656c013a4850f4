"""Files: kept by their content, given to who may see the case alone, never shown by the browser; and spreadsheets."""

import hashlib
import io
from typing import Any

import httpx
import pytest
import xlsxwriter  # pyright: ignore[reportMissingTypeStubs] - it has none

from api.desk.spreadsheets import AnswersError, answers_in, blank_sheet
from store import Store
from store.connection import Pool
from tests.desk.conftest import SignsIn
from tests.desk.filling import REPORT, form_on, report, said_at, surveying
from tests.http.cases import UNIT, handed_over

pytestmark = pytest.mark.usefixtures("worker")

PHOTO = b"\xff\xd8\xff\xe0" + bytes(range(256)) * 40
PDF = b"%PDF-1.7\n" + b"x" * 500


async def test_files_are_attached_by_their_content_and_given_to_who_sees_the_case(
    http: httpx.AsyncClient, signs_in: SignsIn, store: Store, pool: Pool
) -> None:
    case_no = await handed_over(http)
    unit = await signs_in(UNIT)
    form = await form_on(unit, case_no, "rectification_report")
    files = {"attachments": [("现场 照片.JPG", PHOTO), ("..\\..\\报告.pdf", PDF)]}
    # What is wrong elsewhere does not lose them: they need not be chosen again.
    page = await unit.press(form, files=files, **report(facts=""))
    assert page.status == 422
    again = page.form("/forms/rectification_report")
    photo, pdf = (hashlib.sha256(content).hexdigest() for content in (PHOTO, PDF))
    assert sorted(again.all("attachments")) == sorted([photo, pdf])
    page = await unit.press(again, **report())
    assert "已提交" in page.text
    entry = await pool.fetchval(
        "SELECT entry -> 'happened' -> 'message' -> 'attachments' FROM case_event "
        "WHERE case_no = $1 AND event = 'rectification_report'",
        case_no,
    )
    assert {(each["name"], each["sha256"]) for each in entry} == {("现场 照片.JPG", photo), ("报告.pdf", pdf)}
    address = next(each["url"] for each in entry if each["sha256"] == photo)
    assert address == f"/cases/{case_no}/attachments/{photo}"

    team = await signs_in("city/supervision-team")
    answer = await team.client.get(address)
    assert answer.content == PHOTO
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.headers["content-disposition"].startswith("attachment; filename*=UTF-8''%E7%8E%B0")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "现场 照片.JPG" in (await team.open(f"/desk/cases/{case_no}")).text

    outsider = await signs_in("unit/通川区林业局")
    assert (await outsider.client.get(address)).status_code == 404
    other = await handed_over(http)
    assert (await team.client.get(f"/cases/{other}/attachments/{photo}")).status_code == 404
    assert (await team.client.get(f"/cases/{case_no}/attachments/{'0' * 64}")).status_code == 404
    # A file of another case cannot be named as one's own.
    form = await form_on(unit, other, "rectification_report")
    page = await unit.post(form, [*form.filled(**report()), ("attachments", photo)])
    assert "已提交" in page.text
    case = await store.state(other)
    assert case is not None
    assert case.reports[-1].attachments == 0


async def test_files_that_are_not_taken(http: httpx.AsyncClient, signs_in: SignsIn) -> None:
    case_no = await handed_over(http)
    unit = await signs_in(UNIT)
    form = await form_on(unit, case_no, "rectification_report")
    for name, content, said in (
        ("页面.html", b"<script>alert(1)</script>", "不是可以上传的文件"),
        ("图.svg", b"<svg onload='alert(1)'/>", "不是可以上传的文件"),
        ("假照片.jpg", b"<script>alert(1)</script>", "不是可以上传的文件"),
        ("大照片.jpg", PHOTO + b"x" * (10 * 1024 * 1024), "超过 10 MiB"),
    ):
        page = await unit.press(form, files={"attachments": [(name, content)]}, **report())
        assert page.status == 422
        assert said in said_at(page, "attachments", "rectification_report")
        assert page.form("/forms/rectification_report").value("facts") == REPORT["facts"]
    huge = {"attachments": [(f"{number}.jpg", PHOTO + b"x" * (9 * 1024 * 1024)) for number in range(5)]}
    page = await unit.press(form, files=huge, **report())
    assert page.status == 413
    assert "返回上一页" in page.text


async def test_answers_are_read_from_a_spreadsheet(http: httpx.AsyncClient, signs_in: SignsIn, store: Store) -> None:
    case_no = await surveying(http)
    revisit = await signs_in("city/revisit-team", "周回访")
    form = await form_on(revisit, case_no, "survey_result")
    sheet = workbook(
        [["序号", "受访人", "意见", "备注"], *([n, f"居民{n}", "满意", "好" if n == 1 else None] for n in range(11))]
    )
    page = await revisit.press(form, "rows", files={"responses": [("问卷.xlsx", sheet)]})
    assert page.status == 200
    form = page.form("/forms/survey_result")
    assert form.all("responses.respondent")[:11] == [f"居民{n}" for n in range(11)]
    assert form.all("responses.comment")[1] == "好"
    csv = "受访人,意见\r\n居民11,很好\r\n".encode("gb18030")
    page = await revisit.press(form, files={"responses": [("补充.csv", csv)]}, complete="true")
    assert page.status == 422
    assert "第12行意见：" in said_at(page, "responses", "survey_result")
    form = page.form("/forms/survey_result")
    assert form.all("responses.opinion")[11] == "很好", "what was read stands there, to be mended"
    opinions = ["satisfied"] * 11 + ["basically_satisfied"]
    page = await revisit.press(form, responses__opinion=opinions + [""] * (len(form.all("responses.opinion")) - 12))
    assert "已提交" in page.text
    case = await store.state(case_no)
    assert case is not None
    assert case.survey is not None
    assert case.survey.opinions == {"satisfied": 11, "basically_satisfied": 1}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "没有找到"),
        ("姓名,电话\n甲,1".encode(), "没有找到"),
        (b"\xd0\xcf\x11\xe0old", "旧版 Excel"),
        (b"PK\x03\x04broken", "损坏"),
        (b"\xff\xfe\x00", "无法读取"),
        ("受访人,意见\n".encode() + "居民,满意\n".encode() * 2_001, "超过 2000 份"),
    ],
)
def test_what_is_no_sheet_of_answers(content: bytes, said: str) -> None:
    with pytest.raises(AnswersError, match=said):
        answers_in(content)


def test_a_sheet_with_a_title_above_and_numbers_for_names() -> None:
    found = answers_in(
        workbook([["满意度回访", None], [None, None], ["受访人", "满意度"], [1, "满意"], [None, None], [2.0, "不满意"]])
    )
    assert found == [("1", "满意", ""), ("2", "不满意", "")]


QUESTIONS = ("问题是否已经解决？", "您对速度是否满意？")


def test_a_column_is_a_questions_by_its_text_or_its_number() -> None:
    found = answers_in(
        workbook(
            [
                ["受访人", "您对速度是否满意", "意见", "问 1", "问9", "备注"],
                ["居民1", "是", "满意", "已解决", "不问", "好"],
                ["居民2", None, "不满意", "否", None, None],
            ]
        ),
        QUESTIONS,
    )
    assert found == [("居民1", "满意", "已解决", "是", "好"), ("居民2", "不满意", "否", "", "")]
    assert answers_in("受访人,意见,问1\n甲,满意,是\n".encode()) == [("甲", "满意", "")], "nobody asked that"


def test_the_blank_sheet_is_read_as_it_was_given_out() -> None:
    sheet = blank_sheet(QUESTIONS)
    assert sheet.startswith(b"\xef\xbb\xbf"), "else spreadsheet programs take it for another encoding"
    filled = sheet + "居民1,满意,是,否,好\r\n".encode()
    assert answers_in(filled, QUESTIONS) == [("居民1", "满意", "是", "否", "好")]


def workbook(rows: list[list[object]]) -> bytes:
    """A workbook with one sheet."""
    file = io.BytesIO()
    book = xlsxwriter.Workbook(file)
    sheet: Any = book.add_worksheet()  # pyright: ignore[reportUnknownMemberType] - as above
    for number, row in enumerate(rows):
        for column, cell in enumerate(row):
            if cell is not None:
                sheet.write(number, column, cell)
    book.close()
    return file.getvalue()
