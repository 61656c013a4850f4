"""``guatu notices``: what is not out is listed, and sent again when it is asked for."""

from temporalio.client import WorkflowExecutionStatus

from tests.guatu.running import guatu, one_sentence
from tests.notices.conftest import City
from tests.worker.worker_process import until
from tests.workflows.outside_program import UNIT
from workflows.morning_digest import DigestStart
from workflows.names import TASK_QUEUE
from workflows.notice_interface import MORNING_DIGEST


async def test_undeliverable_notices_are_listed_and_sent_again(city: City) -> None:
    nothing = await guatu("notices", "list", settings=city.settings)
    assert (nothing.returncode, nothing.stdout, nothing.stderr.strip()) == (0, "", "every notice is out")
    city.channel.status = 500
    async with city.worker():
        case = await city.hand_over("U1")

        async def has_failed() -> bool:
            return any(notice.last_error for notice in await city.store.notices("U1"))

        await until("it has failed", has_failed)
        listed = await guatu("notices", "list", "--office", UNIT, settings=city.settings)
        assert listed.returncode == 0, listed.stderr
        [line] = listed.stdout.splitlines()
        key = f"U1/1/{UNIT}/dispatch"
        assert line.startswith(f"{key}  failed  ")
        assert "【U1】交办通知" in line
        assert "HTTP 500" in line
        assert str(city.channel.port) not in line, "an address may be a secret"
        # An operator has ended the office's notices by hand: nobody sends them any more.
        tray = city.notices_of()
        await tray.terminate("by mistake")
        city.channel.status = 200
        resent = await guatu("notices", "resend", key, settings=city.settings)
        assert (resent.returncode, resent.stdout.strip()) == (0, "1 notices lie in their offices' trays again")
        await case.until("dispatched")
        await city.until_all_is_out("U1")
        assert city.channel.titles("U1") == ["交办通知"]
        assert (await tray.describe()).status is WorkflowExecutionStatus.RUNNING
        # Twice is not told twice.
        nothing = await guatu("notices", "resend", "--all", settings=city.settings)
        assert nothing.stdout.strip() == "0 notices lie in their offices' trays again"
    assert (await guatu("notices", "list", settings=city.settings)).stdout == ""


async def test_mistakes_are_one_sentence(city: City) -> None:
    said = one_sentence(await guatu("notices", "resend", settings=city.settings))
    assert "keys as `guatu notices list` shows them, --office OFFICE, or --all" in said
    said = one_sentence(await guatu("notices", "resend", "U1/1/nobody", settings=city.settings))
    assert "not among those that are not out: U1/1/nobody" in said
    for command in ("list", "resend"):
        said = one_sentence(await guatu("notices", command, "--office", "unit/无此单位", settings=city.settings))
        assert "no notice to 'unit/无此单位' has ever arisen" in said


async def test_notices_without_an_address_are_not_said_to_be_out(city: City) -> None:
    city.addresses({})
    async with city.worker():
        case = await city.hand_over("U2")
        await case.until("dispatched")
        await until("it is on record", lambda: _is_on_record(city, "U2"))
    for filtered in ((), ("--office", UNIT)):
        listed = await guatu("notices", "list", *filtered, settings=city.settings)
        assert (listed.returncode, listed.stdout) == (0, "")
        assert "every notice that has an address is out (" in listed.stderr
        assert " have none, and are in the ledger alone" in listed.stderr


async def _is_on_record(city: City, case_no: str) -> bool:
    return bool(await city.store.notices(case_no))


async def test_a_morning_digest_that_nobody_sends_any_more_is_sent_again(city: City) -> None:
    """No case's record tells it: it is sent as the ledger has it, to the addresses that the file has now."""
    async with city.worker():
        case = await city.hand_over("V1")
        await case.until("dispatched")
        await city.until_all_is_out("V1")
        city.channel.status = 500
        digest = await city.client.start_workflow(
            MORNING_DIGEST, DigestStart(), id="digest-of-the-test", task_queue=TASK_QUEUE
        )
        await digest.result()

        async def has_failed() -> bool:
            return any(notice.last_error for notice in await city.store.undelivered())

        await until("it has failed", has_failed)
        await city.notices_of().terminate("nobody sends it any more")
        [line] = (await guatu("notices", "list", settings=city.settings)).stdout.splitlines()
        key, state, *_ = line.split("  ")
        assert (key.startswith("digest/"), state) == (True, "failed")
        assert "【晨报】" in line
        city.channel.status = 200
        resent = await guatu("notices", "resend", key, settings=city.settings)
        assert (resent.returncode, resent.stdout.strip()) == (0, "1 notices lie in their offices' trays again")

        async def has_come() -> bool:
            return any(
                each["title"].startswith("【晨报】") and "V1 签收" in each["message"] for each in city.channel.taken
            )

        await until("the digest has come", has_come)

        async def is_out() -> bool:
            return not await city.store.undelivered()

        await until("the ledger knows", is_out)
