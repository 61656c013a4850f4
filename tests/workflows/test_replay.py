"""Stored histories, one for each path: the code of today must replay each of them to the same commands.

A history is stored once, when its path is released (``pytest --store-histories``), and never stored again to make a
change pass: a change of the workflow goes behind ``workflow.patched``.
"""

import json
import re
from datetime import timedelta
from pathlib import Path

import pytest
from temporalio import workflow
from temporalio.client import WorkflowHistory
from temporalio.common import RawValue
from temporalio.worker import Replayer, UnsandboxedWorkflowRunner

from petitions.view import CaseResult
from worker.process import workflow_runner
from workflows.names import WORKFLOW_TYPE
from workflows.notice_interface import OFFICE_NOTICES, OfficeStart
from workflows.office_notices import OfficeNotices
from workflows.payloads import case_data_converter
from workflows.petition_case import PetitionCase

HISTORIES = sorted((Path(__file__).parent.parent / "histories").glob("*.json"))

OFFICE_HISTORIES = sorted((Path(__file__).parent.parent / "histories" / "office-notices").glob("*.json"))


def read(path: Path) -> WorkflowHistory:
    workflow_id = json.loads(path.read_text(encoding="utf-8"))["events"][0]["workflowExecutionStartedEventAttributes"][
        "workflowId"
    ]
    return WorkflowHistory.from_json(workflow_id, path.read_text(encoding="utf-8"))


def test_every_path_has_a_history() -> None:
    assert {path.stem for path in HISTORIES} >= {
        "happy",
        "starred",
        "late-intake",
        "no-report-until-after-red",
        "rework-twice",
        "sent-back",
        "extension",
        "starring",
        "merge",
        "withdrawal",
        "refusals",
        "continued-as-new",
        "postgres-away",
        "reopening",
        "flood",
        "notices",
    }
    assert {path.stem for path in OFFICE_HISTORIES} >= {"taken", "parted-at-night", "sent-again-at-night"}


@pytest.mark.parametrize("path", HISTORIES, ids=lambda path: path.stem)
async def test_a_stored_history_replays(path: Path) -> None:
    replayer = Replayer(workflows=[PetitionCase], data_converter=case_data_converter, workflow_runner=workflow_runner())
    await replayer.replay_workflow(read(path))


@pytest.mark.parametrize("path", OFFICE_HISTORIES, ids=lambda path: path.stem)
async def test_a_stored_history_of_an_offices_notices_replays(path: Path) -> None:
    replayer = Replayer(
        workflows=[OfficeNotices], data_converter=case_data_converter, workflow_runner=workflow_runner()
    )
    await replayer.replay_workflow(read(path))


@workflow.defn(name=OFFICE_NOTICES)
class OfficeChangedWithoutPatch(OfficeNotices):
    """A planted fault: an activity that the stored histories do not have. (They begin with a timer themselves.)"""

    @workflow.init
    def __init__(self, start: OfficeStart) -> None:
        super().__init__(start)

    @workflow.run
    async def run(self, _start: OfficeStart) -> None:
        workflow.start_activity("planted", start_to_close_timeout=timedelta(seconds=1))
        await super().run(_start)


async def test_a_planted_change_of_an_offices_notices_is_caught() -> None:
    assert OFFICE_HISTORIES
    replayer = Replayer(
        workflows=[OfficeChangedWithoutPatch],
        data_converter=case_data_converter,
        workflow_runner=UnsandboxedWorkflowRunner(),
    )
    for path in OFFICE_HISTORIES:
        with pytest.raises(workflow.NondeterminismError):
            await replayer.replay_workflow(read(path))


@workflow.defn(name=WORKFLOW_TYPE)
class ChangedWithoutPatch(PetitionCase):
    """A planted fault: a timer that the stored histories do not have."""

    @workflow.init
    def __init__(self, *arguments: RawValue) -> None:
        super().__init__(*arguments)

    @workflow.run
    async def run(self, *arguments: RawValue) -> CaseResult:
        await workflow.sleep(1)
        return await super().run(*arguments)


@pytest.mark.parametrize("path", HISTORIES, ids=lambda path: path.stem)
async def test_a_planted_change_is_caught(path: Path) -> None:
    replayer = Replayer(
        workflows=[ChangedWithoutPatch],
        data_converter=case_data_converter,
        workflow_runner=UnsandboxedWorkflowRunner(),
    )
    with pytest.raises(workflow.NondeterminismError):
        await replayer.replay_workflow(read(path))


def test_histories_hold_no_address_and_no_path() -> None:
    for path in (*HISTORIES, *OFFICE_HISTORIES):
        text = path.read_text(encoding="utf-8")
        identities = set(re.findall(r'"identity": "([^"]*)"', text))
        assert identities <= {"", "test"}, f"{path.name} names the machine it was stored on: {identities}"
        assert set(re.findall(r'"stackTrace": "([^"]*)"', text)) <= {""}, f"{path.name} names files of a machine"
