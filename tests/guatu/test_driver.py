"""The demonstration's driver against a real server."""

import asyncio
from functools import partial

import pytest
from temporalio.client import Client

from guatu.demo.driver import insist


async def test_an_update_that_nobody_answers_can_be_given_up(client: Client) -> None:
    """The SDK puts an error of its own in the place of a cancellation; insisting must not take it for a busy server."""
    handle = await client.start_workflow("Nothing", id="nobody-answers", task_queue="nobody-works-here")
    submit = partial(handle.execute_update, "submit", {}, id="unanswered")  # pyright: ignore[reportUnknownMemberType] - the SDK leaves it open
    task = asyncio.create_task(insist(submit))
    done, _ = await asyncio.wait({task}, timeout=1)
    assert not done
    task.cancel()
    done, _ = await asyncio.wait({task}, timeout=120)
    assert done, "it goes on trying"
    with pytest.raises(asyncio.CancelledError):
        await task
    await handle.terminate()
