"""A Postgres that takes connections and answers nothing is away like one that is gone: the procedure goes on."""

from pathlib import Path

from guatu.embedded.stack import EmbeddedStack
from store import Store
from tests.receiver import receiving
from tests.store.test_away import hanging
from tests.worker.conftest import Place, dazhou, has_event
from tests.worker.worker_process import until, worker_process
from tests.workflows.outside_program import UNIT, by, hand_over


async def test_notices_go_out_once_and_the_record_catches_up(
    stack: EmbeddedStack, place: Place, store: Store, tmp_path: Path
) -> None:
    file = tmp_path / "with-an-address.toml"
    async with receiving() as channel:
        file.write_text(f'{dazhou()}\n"{UNIT}" = ["{channel.address}"]\n', encoding="utf-8")
        settings = place.settings | {"GUATU_JURISDICTION": str(file)}
        async with worker_process(tmp_path / "worker.log", settings) as worker:
            await worker.ready()
            known = await hand_over(place.client, store)
            await until("the case is open", lambda: has_event(store, known.case_no, "dispatched"))
            with hanging(stack.postgres):
                case = await hand_over(place.client, store)
                await known.submit("leader_instruction", by("city/mayor"), text="立即处理。")

                async def both_are_told() -> bool:
                    return bool(channel.titles(case.case_no)) and len(channel.titles(known.case_no)) == 2

                await until("the unit is told of both", both_are_told)

                async def is_dispatched() -> bool:
                    return (await case.view())["stage"] == "dispatched"

                await until("the case is dispatched", is_dispatched)
                channel.delay = 0
                for one, notices in ((known, 3), (case, 2)):
                    await one.signal("withdrawal", by("city/intake"), reason="结束")
                    await one.handle.result()
                    assert len(channel.titles(one.case_no)) == notices, channel.titles(one.case_no)
                    assert await store.case(one.case_no) == await one.view()
