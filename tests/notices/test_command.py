"""``guatu notices``: what is not out is listed, and sent again when it is asked for."""

from temporalio.client import WorkflowExecutionStatus

from tests.guatu.running import guatu, one_sentence
from tests.notices.conftest import City
from tests.worker.worker_process import until
from tests.workflows.outside_program import UNIT


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
