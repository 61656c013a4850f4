"""Running a command in this process: it looks as in a process of its own, and leaves nothing behind."""

import asyncio
import logging
import os
import sys
import threading

import pytest
import structlog
from temporalio import activity, workflow

from guatu import links, signatures
from tests.guatu.running import guatu, one_sentence
from tests.places import SharedStack


async def test_a_fault_shows_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def faulty(*_: object) -> None:
        raise ZeroDivisionError("not expected")

    monkeypatch.setattr(links, "links", faulty)
    done = await guatu("links")
    assert done.returncode == 1
    assert done.stderr.startswith("Traceback (most recent call last):\n")
    assert done.stderr.endswith("ZeroDivisionError: not expected\n")
    with pytest.raises(AssertionError):
        one_sentence(done)


async def test_what_this_process_writes_meanwhile_is_not_the_commands(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    begun, go_on = threading.Event(), threading.Event()
    log = logging.getLogger("of-the-command")

    def slow(*_: object) -> None:
        begun.set()
        assert go_on.wait(120)
        log.info("nobody has asked for this")
        log.warning("the command's warning")
        raise signatures.CommandError("the command's end")

    monkeypatch.setattr(signatures, "new_signing_key", slow)
    command = asyncio.create_task(guatu("heads", "key", "new", "file"))
    assert await asyncio.to_thread(begun.wait, 120)
    print("the test's own line")  # noqa: T201 - is to be seen
    print("the test's own error", file=sys.stderr)  # noqa: T201
    structlog.stdlib.get_logger().warning("the test's own event")
    logging.getLogger("of-the-test").warning("the test's own warning")
    go_on.set()
    done = await command
    assert (done.stdout, done.stderr) == ("", "the command's warning\nguatu: the command's end\n")
    shown = capsys.readouterr()
    assert "the test's own line" in shown.out
    assert "the test's own event" in shown.out
    assert "the test's own error" in shown.err


async def test_it_leaves_nothing_behind(stack: SharedStack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GUATU_PAGES_URL", "no address")  # it would be refused
    before = state()
    done = await guatu("worker", settings=stack.settings | {"GUATU_WORKER_HOST": "192.0.2.1"})
    assert "GUATU_WORKER_HOST" in one_sentence(done)
    assert state() == before


def state() -> dict[str, object]:
    """The state of this process that a command could change."""
    root = logging.getLogger()
    return {
        "environment": dict(os.environ),
        "streams": (sys.stdin, sys.stdout, sys.stderr),
        "handlers": root.handlers[:],
        "levels": (root.level, logging.getLogger("uvicorn").level),
        "structlog": (structlog.is_configured(), structlog.get_config()),
        "sdk": (workflow.logger.workflow_info_on_message, activity.logger.activity_info_on_message),
    }
