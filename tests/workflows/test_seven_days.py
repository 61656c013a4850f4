"""The seven days at their true length, on the real server with the case's own clock moved on: one test a path."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from temporalio.client import Client

from store import Store
from tests.workflows.outside_program import UNIT, OutsideCase, StoreHistory, by, hand_over

pytestmark = pytest.mark.usefixtures("worker")


async def concluded(case: OutsideCase) -> dict[str, Any]:
    """The result, and in Postgres the same case, whole."""
    result = await case.handle.result()
    view = await case.view()
    stored = await case.store.case(case.case_no)
    assert stored is not None
    assert stored == view
    lines = await case.store.timeline(case.case_no, with_refusals=True)
    assert [line.seq for line in lines] == list(range(1, view["seq"] + 1))
    return result


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


async def test_happy_path_is_concluded_within_the_target(
    client: Client, store: Store, store_history: StoreHistory
) -> None:
    case = await hand_over(client, store)
    view = await case.until("dispatched")
    assert {(one["office"], one["what"]) for one in view["waiting_for"]} == {
        (UNIT, "acknowledgement"),
        ("county/通川区/party-secretary", "leader_instruction"),
        ("county/通川区/mayor", "leader_instruction"),
        ("city/stability-team", "task_force"),
        (view["waiting_for"][-1]["office"], "site_visit"),
    }
    await case.signal("acknowledgement", by(UNIT))
    await case.cover()
    await case.until("rectifying")
    await case.skip(days=2)
    await case.report()
    await case.verify()
    await case.review()
    assert (await case.until("surveying"))["coverage"] == {
        "instruction": True,
        "supervision": True,
        "task_force": True,
        "revisit": False,
    }
    await case.survey()
    result = await concluded(case)
    assert result["case_no"] == case.case_no
    assert result["outcome"] == "concluded"
    assert result["rounds"] == 1
    assert result["within_target"] is True
    assert result["within_mandate"] is True
    assert result["breaches"] == []
    assert moment(result["concluded_at"]) - case.received_at < timedelta(days=2, minutes=5)
    report = await store.report(case.case_no)
    assert report is not None
    assert "回访22人" in report.text
    await store_history("happy", case)


async def test_starred_needs_both_main_leaders_and_one_of_them_on_site(
    client: Client, store: Store, store_history: StoreHistory
) -> None:
    case = await hand_over(client, store, starred=True)
    await case.until("dispatched")
    await case.signal("acknowledgement", by(UNIT))
    await case.signal("leader_instruction", by("city/party-secretary"), text="依法处理。")
    view = await case.until("rectifying")
    assert view["coverage"]["instruction"] is False
    await case.cover(starred=True)
    await case.report()
    await case.verify()
    await case.review()
    view = await case.until("surveying")
    assert view["coverage"]["instruction"] is True
    assert view["coverage"]["supervision"] is True
    await case.survey()
    assert (await concluded(case))["outcome"] == "concluded"
    await store_history("starred", case)


async def test_the_report_waits_for_all_four_coverages(client: Client, store: Store) -> None:
    case = await hand_over(client, store)
    await case.until("dispatched")
    await case.report()
    await case.verify()
    await case.review()
    await case.survey()
    view = await case.until("reporting")
    assert {one["what"] for one in view["waiting_for"]} == {"leader_instruction", "task_force", "site_visit"}
    await case.cover()
    assert (await concluded(case))["outcome"] == "concluded"


async def test_no_report_until_after_red(client: Client, store: Store, store_history: StoreHistory) -> None:
    case = await hand_over(client, store)
    await case.until("dispatched")
    await case.signal("acknowledgement", by(UNIT))
    await case.cover()
    await case.until("rectifying")
    assert (await case.skip(days=4, hours=23))["sticker"] is None
    assert "milestone" in await case.events()
    view = await case.skip(hours=2)
    assert view["sticker"] == "yellow"
    assert [breach["milestone"] for breach in view["breaches"]] == ["review"]
    assert (await case.skip(days=1))["sticker"] == "blue"
    view = await case.skip(days=1)
    assert view["sticker"] == "red"
    assert view["overdue"] is True
    assert [breach["milestone"] for breach in view["breaches"]] == ["review", "report"]
    view = await case.skip(days=2)
    assert sum("超期通报" in line["text"] for line in view["timeline"]) == 2
    await case.report()
    await case.verify()
    await case.review()
    await case.survey()
    result = await concluded(case)
    assert result["within_mandate"] is False
    assert result["within_target"] is False
    assert [breach["milestone"] for breach in result["breaches"]] == ["review", "report"]
    assert all(breach["met_at"] for breach in result["breaches"])
    await store_history("no-report-until-after-red", case)


async def test_late_intake_finds_its_missed_milestones_fired_at_once(
    client: Client, store: Store, store_history: StoreHistory
) -> None:
    case = await hand_over(client, store, late=timedelta(days=5, hours=6))
    view = await case.until("dispatched")
    assert view["sticker"] == "yellow"
    assert {breach["milestone"] for breach in view["breaches"]} == {"dispatch", "review"}
    dispatch = next(breach for breach in view["breaches"] if breach["milestone"] == "dispatch")
    assert dispatch["met_at"] is not None
    late = [line["text"] for line in view["timeline"] if line["event"] == "milestone"]
    assert any("迟5天5小时" in text for text in late)
    assert any("迟6小时" in text for text in late)
    assert moment(view["due_at"]) == case.received_at + timedelta(days=7)
    await case.signal("withdrawal", by("city/intake"), reason="结束")
    await case.handle.result()
    await store_history("late-intake", case)


async def test_rework_twice_and_the_mandate_clock_never_restarts(
    client: Client, store: Store, store_history: StoreHistory
) -> None:
    case = await hand_over(client, store)
    await case.until("dispatched")
    await case.cover()
    for round_ in (1, 2):
        await case.report()
        await case.verify()
        await case.review()
        await case.survey(round_, content=7, discontent=3)
        view = await case.until("rectifying")
        assert view["round"] == round_ + 1
        assert moment(view["due_at"]) == case.received_at + timedelta(days=7)
        await case.skip(days=1)
    await case.report()
    await case.verify()
    await case.review()
    await case.survey(3, content=8, discontent=2)
    result = await concluded(case)
    assert result["rounds"] == 3
    assert result["within_mandate"] is True
    await store_history("rework-twice", case)


async def test_verification_and_review_send_back_within_the_round(
    client: Client, store: Store, store_history: StoreHistory
) -> None:
    case = await hand_over(client, store)
    await case.until("dispatched")
    await case.cover()
    await case.report()
    await case.verify(confirmed=False)
    await case.until("rectifying")
    await case.report()
    await case.verify()
    await case.review(passed=False)
    view = await case.until("rectifying")
    assert view["round"] == 1
    await case.report()
    await case.verify()
    await case.review()
    await case.survey()
    assert (await concluded(case))["rounds"] == 1
    await store_history("sent-back", case)


async def test_extension_moves_what_remains_and_keeps_the_original_date(
    client: Client, store: Store, store_history: StoreHistory
) -> None:
    case = await hand_over(client, store)
    await case.until("dispatched")
    await case.signal("acknowledgement", by(UNIT))
    await case.cover()
    await case.skip(days=4)
    await case.submit("extension", by("city/intake"), days=3, reason="需停产整改", authority="省督察组")
    view = await case.skip(days=4, hours=12)
    assert view["sticker"] == "yellow"
    assert view["overdue"] is False
    assert moment(view["due_at"]) == case.received_at + timedelta(days=10)
    assert moment(view["original_due_at"]) == case.received_at + timedelta(days=7)
    await case.report()
    await case.verify()
    await case.review()
    await case.survey()
    result = await concluded(case)
    assert result["within_mandate"] is True
    assert [breach["milestone"] for breach in result["breaches"]] == ["review"]
    await store_history("extension", case)


async def test_starring_in_mid_course_asks_other_offices(
    client: Client, store: Store, store_history: StoreHistory
) -> None:
    case = await hand_over(client, store)
    await case.until("dispatched")
    await case.signal("acknowledgement", by(UNIT))
    await case.cover()
    await case.skip(days=1)
    await case.submit("starring", by("city/intake"), starred=True, reason="督察组加星")
    view = await case.view()
    assert view["starred"] is True
    assert view["coverage"]["instruction"] is False
    assert {one["office"] for one in view["waiting_for"] if one["what"] == "leader_instruction"} == {
        "city/party-secretary",
        "city/mayor",
    }
    view = await case.skip(hours=3)
    assert "chased" in {line["event"] for line in view["timeline"]}
    await case.cover(starred=True)
    await case.report()
    await case.verify()
    await case.review()
    await case.survey()
    assert (await concluded(case))["outcome"] == "concluded"
    await store_history("starring", case)


async def test_merge_and_withdrawal_end_the_case(client: Client, store: Store, store_history: StoreHistory) -> None:
    merged = await hand_over(client, store)
    await merged.until("dispatched")
    await merged.signal("merge", by("city/intake"), into="T99999", reason="同一地点同一问题")
    result = await concluded(merged)
    assert result["outcome"] == "merged"
    withdrawn = await hand_over(client, store)
    await withdrawn.until("dispatched")
    await withdrawn.submit("withdrawal", by("city/stability-team"), reason="督察组撤回")
    assert (await concluded(withdrawn))["outcome"] == "withdrawn"
    await store_history("merge", merged)
    await store_history("withdrawal", withdrawn)


async def test_no_unit_is_known_and_a_clerk_dispatches_after_the_hour(client: Client, store: Store) -> None:
    case = await hand_over(client, store, county="不在名录的县", responsible_unit=None)
    view = await case.until("received")
    for _ in range(100):
        view = await case.view()
        if view["waiting_for"]:
            break
    assert ("city/intake", "dispatch") in {(one["office"], one["what"]) for one in view["waiting_for"]}
    view = await case.skip(hours=2)
    assert [breach["milestone"] for breach in view["breaches"]] == ["dispatch"]
    assert ("city/stability-team", "dispatch") in {(one["office"], one["what"]) for one in view["waiting_for"]}
    await case.submit("dispatch", by("city/stability-team"), unit="通川区商务局")
    view = await case.until("dispatched")
    assert view["responsible_unit"] == UNIT
    assert view["breaches"][0]["met_at"] is not None
    await case.signal("withdrawal", by("city/intake"), reason="结束")
    await case.handle.result()


async def test_an_instructions_own_limit_is_supervised(client: Client, store: Store) -> None:
    case = await hand_over(client, store)
    await case.until("dispatched")
    limit = (case.received_at + timedelta(days=2)).isoformat()
    await case.signal("leader_instruction", by("city/mayor"), text="两日内办结。", complete_by=limit)
    view = await case.skip(days=2, hours=1)
    assert [breach["milestone"] for breach in view["breaches"]] == ["instruction_limit"]
    await case.signal("withdrawal", by("city/intake"), reason="结束")
    await case.handle.result()
