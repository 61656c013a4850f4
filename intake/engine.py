"""Starting cases from outside, as any client of the contract does it."""

from enum import Enum

from temporalio.client import Client
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.envconfig import ClientConfig
from temporalio.exceptions import WorkflowAlreadyStartedError

from intake.errors import TemporalUnreachableError
from petitions.hand_over import HandOver, HandOverError, read_hand_over
from workflows.alongside import short
from workflows.petition_case import TASK_QUEUE, WORKFLOW_TYPE

_DEFAULT_ADDRESS = "127.0.0.1:7233"


class Started(Enum):
    """What became of a start."""

    NEW = "new"
    SAME = "same"
    """The case was there already, with the same content; it may be over by now."""
    OTHER = "other"
    """A case with this number and other content is there; it stays as it is."""


async def connect_temporal() -> Client:
    """A client of the Temporal server that ``TEMPORAL_*`` names.

    Raises:
        TemporalUnreachableError: it does not answer.
    """
    config = ClientConfig.load_client_connect_config()
    config.setdefault("target_host", _DEFAULT_ADDRESS)
    try:
        return await Client.connect(**config)
    except RuntimeError as error:  # all that the SDK raises here: no connection, or settings that do not go together
        address, namespace = config.get("target_host", _DEFAULT_ADDRESS), config.get("namespace", "default")
        raise TemporalUnreachableError(address, namespace, str(error)) from None


async def start_case(client: Client, hand_over: HandOver) -> Started:
    """Start a case, once: the same hand-over again changes nothing.

    Only what the contract names is sent, whatever else came with the hand-over.

    Raises:
        RPCError: the server does not take it now.
    """
    try:
        await client.start_workflow(
            WORKFLOW_TYPE,
            hand_over.model_dump(mode="json", exclude_none=True),
            id=hand_over.workflow_id,
            task_queue=TASK_QUEUE,
            id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
            # Not USE_EXISTING: it would not say whether the case is new, and this may be asked to tell.
            id_conflict_policy=WorkflowIDConflictPolicy.FAIL,
            static_summary=short(_summary(hand_over)),
        )
    except WorkflowAlreadyStartedError:
        return Started.SAME if await _given_before(client, hand_over) == hand_over else Started.OTHER
    return Started.NEW


def _summary(hand_over: HandOver) -> str:
    """What the Temporal UI says of a case at its start; plain text there even where payloads are encrypted."""
    star = "★" if hand_over.starred else ""
    kinds = "、".join(category.label for category in hand_over.categories)
    return f"{star}{hand_over.county} {hand_over.case_no}：{kinds}（{hand_over.channel.label}）"


async def _given_before(client: Client, hand_over: HandOver) -> HandOver | None:
    """The hand-over with which the case was started, from the first event of its first run."""
    described = await client.get_workflow_handle(hand_over.workflow_id).describe()
    first_run = described.raw_description.workflow_execution_info.first_run_id or described.run_id
    run = client.get_workflow_handle(hand_over.workflow_id, run_id=first_run)
    async for event in run.fetch_history_events(page_size=1):
        for payload in event.workflow_execution_started_event_attributes.input.payloads:
            try:
                return read_hand_over(payload.data)
            except HandOverError:
                return None
        return None
    return None
