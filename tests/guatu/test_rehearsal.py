"""``guatu rehearse``: what counts as different in two histories; the rest is in ``tests/cluster/test_upgrade.py``."""

import pytest
from temporalio.client import Client

from guatu import rehearsal
from intake.engine import connect_temporal
from sealing.settings import PayloadSettings
from store import Store
from tests.guatu.running import guatu
from tests.places import SharedStack
from tests.workflows.outside_program import by, hand_over

differing = rehearsal._differing  # pyright: ignore[reportPrivateUsage] - what it finds is told by cases


def test_words_may_differ_and_nothing_else() -> None:
    entry = {"seq": 1, "text": "一", "happened": {"event": "dispatched", "unit": "unit/甲"}}
    before = {"case_no": "X", "entries": [entry]}
    assert differing(before, before) == ""
    assert differing(before, {**before, "entries": [{**entry, "text": "二"}]}) == ""
    other = {**entry, "happened": {"event": "dispatched", "unit": "unit/乙"}}
    assert differing(before, {**before, "entries": [other]}) == "entries[0].happened.unit"
    assert differing(before, {**before, "entries": [entry, entry]}) == "number of entries"
    assert differing(before, {**before, "insist": True}) == "insist"
    assert differing({**entry, "text": None}, entry) == "text"


@pytest.mark.usefixtures("worker")
async def test_open_cases_go_on_with_this_very_version(
    client: Client, store: Store, stack: SharedStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The session's other cases among them, wherever they stand; and the out-tray of an office with an address."""
    case = await hand_over(client, store, county="开江县", responsible_unit="unit/开江县生态环境局")
    await case.until("dispatched")
    await case.signal("acknowledgement", by("unit/开江县生态环境局"))
    await case.submit("extension", by("city/stability-team"), days=1, reason="汛期", authority="市领导小组")
    monkeypatch.setenv("TEMPORAL_ADDRESS", stack.temporal_address)
    monkeypatch.setenv("TEMPORAL_NAMESPACE", stack.namespace)
    done = await rehearsal.rehearse(await connect_temporal(), PayloadSettings())
    assert f"case {case.case_no}" not in {fault.whose for fault in done.faults}
    assert done.cases >= 1
    assert done.out_trays >= 1
    assert done.out_tray_faults == ()
    assert done.reworded == ()
    await case.handle.terminate()


async def test_no_version_is_told_before_a_worker_has_one(stack: SharedStack) -> None:
    settings = {"TEMPORAL_ADDRESS": stack.temporal_address, "TEMPORAL_NAMESPACE": stack.namespace}
    listed = await guatu("deployment", "list", settings=settings)
    assert (listed.returncode, listed.stdout) == (0, "")
    assert "no worker has a GUATU_WORKER_BUILD_ID" in listed.stderr
