"""How a digest reads: in full where it is short, else by numbers; never longer than a robot takes."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from petitions.notice_texts import MESSAGE_BYTES, ToDo, message_of, morning_digest
from petitions.notices import Notice
from petitions.vocabulary import MessageKind

NOW = datetime(2021, 9, 3, 0, tzinfo=UTC)
"""08:00 in Dazhou."""
CHINA = 8 * 60


def notice(number: int, heading: str = "交办通知", *, urgent: bool = True, body: str = "请及时签收并整改。") -> Notice:
    case_no = f"D{number:03}"
    return Notice(
        key=f"{case_no}/1/o", case_no=case_no, to="o", title=f"【{case_no}】{heading}", body=body, urgent=urgent
    )


def to_do(case_no: str, hours: float, what: MessageKind = MessageKind.VERIFICATION, *, starred: bool = False) -> ToDo:
    return ToDo(case_no=case_no, starred=starred, what=what, due_at=NOW + timedelta(hours=hours))


def test_one_notice_is_as_it_is() -> None:
    message = message_of([notice(1)])
    assert (message.title, message.body) == ("【D001】交办通知", "请及时签收并整改。")


def test_a_few_stand_in_full_the_urgent_ones_first() -> None:
    message = message_of([notice(1, "请办理：批示", urgent=False), notice(2)])
    assert message.title == "【信访举报件】2项通知"
    assert message.body == "【D002】交办通知\n请及时签收并整改。\n\n【D001】请办理：批示\n请及时签收并整改。"


def test_many_are_told_by_their_numbers() -> None:
    message = message_of([notice(number) for number in range(200)] + [notice(200, "请办理：批示", urgent=False)])
    assert message.title == "【信访举报件】201项通知"
    first, second = message.body.split("\n")
    assert first.startswith("交办通知（200项）：D000、D001、")
    assert second == "请办理：批示（1项）：D200"


def test_what_is_left_out_is_said_and_no_number_is_cut() -> None:
    message = message_of([notice(number) for number in range(500)])
    numbers, more, rest = message.body.partition("……等，全部见工作台。")
    assert more
    assert not rest
    shown = numbers.removeprefix("交办通知（500项）：").split("、")
    assert shown == [f"D{number:03}" for number in range(len(shown))]
    assert len(shown) > 200


def test_the_key_is_that_of_the_notices_whatever_their_order() -> None:
    assert message_of([notice(1), notice(2)]).key == message_of([notice(2), notice(1)]).key
    assert message_of([notice(1)]).key != message_of([notice(1), notice(2)]).key


@given(
    st.lists(
        st.builds(
            notice,
            st.integers(0, 10**9),
            st.text(min_size=1, max_size=30),
            urgent=st.booleans(),
            body=st.text(max_size=400),
        ),
        min_size=1,
        max_size=30,
    )
)
def test_no_message_is_longer_than_a_robot_takes(notices: list[Notice]) -> None:
    message = message_of(notices)
    assert len((message.title + message.body).encode(errors="surrogatepass")) <= MESSAGE_BYTES
    assert message.title


def test_a_morning_without_work_needs_no_digest() -> None:
    assert morning_digest("o", [], NOW, CHINA) is None


def test_a_morning_digest_begins_with_what_is_late() -> None:
    listed = [
        to_do("D3", 72),
        to_do("D2", 5, MessageKind.PRELIMINARY_REVIEW, starred=True),
        to_do("D1", -3),
        to_do("D4", 5),
    ]
    digest = morning_digest("city/stability-team", listed, NOW, CHINA)
    assert digest is not None
    assert digest.key == "digest/2021-09-03/city/stability-team"
    assert digest.title == "【晨报】9月3日：待办4项，已超时1项"
    assert digest.body.split("\n") == [
        "已超时（1项）：",
        "D1 核实（9月3日 05:00前）",
        "今日到期（2项）：",
        "★D2 初审（9月3日 13:00前）",
        "D4 核实（9月3日 13:00前）",
        "其他待办（1项）：",
        "D3 核实（9月6日 08:00前）",
    ]
    assert not digest.urgent


def test_the_day_is_that_of_the_jurisdiction_and_each_has_its_own_key() -> None:
    late_evening = datetime(2021, 9, 2, 23, tzinfo=UTC)
    keys = [
        digest.key
        for jurisdiction in (None, "sichuan")
        if (digest := morning_digest("o", [to_do("D1", 1)], late_evening, CHINA, jurisdiction))
    ]
    assert keys == ["digest/2021-09-03/o", "digest/2021-09-03/sichuan/o"]


def test_a_long_morning_digest_says_that_there_is_more() -> None:
    digest = morning_digest("o", [to_do(f"D{number:03}", number) for number in range(300)], NOW, CHINA)
    assert digest is not None
    assert len((digest.title + digest.body).encode()) <= MESSAGE_BYTES
    assert digest.body.endswith("……等，全部见工作台。")
