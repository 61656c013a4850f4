"""The worker process: everything it needs is made ready first, then it works until it is told to stop."""

import asyncio
import dataclasses
from collections.abc import Callable, Sequence
from datetime import timedelta

import structlog
from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.client import Interceptor as ClientInterceptor
from temporalio.common import VersioningBehavior, WorkerDeploymentVersion
from temporalio.converter import DataConverter
from temporalio.runtime import Runtime
from temporalio.service import RPCError
from temporalio.worker import Interceptor, Replayer, Worker, WorkerDeploymentConfig
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

from activities.case_activities import CaseActivities
from activities.house_activities import HouseActivities
from activities.jurisdictions import Jurisdictions
from intake.temporal import temporal_client
from petitions.clock import CaseClock
from sealing.payload_codec import CasePayloads, Payloads
from sealing.settings import PayloadSettings
from store import Store, open_pool, prepare_schema
from telemetry.traces import traced
from worker.begun_again import BegunAgain
from worker.digest_schedules import digests
from worker.health import Check, health_endpoint
from worker.metrics import WorkerMetrics
from worker.schedules import ensure_schedules, planned
from worker.search_attributes import ensure_search_attributes
from worker.settings import WorkerSettings
from worker.surroundings import Surroundings
from worker.traces import Traces
from workflows.housekeeping import HOUSE_WORKFLOWS
from workflows.morning_digest import MorningDigest
from workflows.names import HOUSE_QUEUE, TASK_QUEUE
from workflows.office_notices import OfficeNotices
from workflows.pages import PageLinks
from workflows.payloads import SealedFailures, case_data_converter
from workflows.petition_case import PetitionCase
from workflows.request_ids import RequestIds

_log = structlog.stdlib.get_logger()

DEPLOYMENT = "guatu"
"""The worker deployment whose versions are told apart by ``GUATU_WORKER_BUILD_ID``."""
_TASKS_AT_ONCE = 8
"""Workflow tasks in hand at a time. They share one interpreter, so more of them only take longer, each. When many cases
must be brought up from their histories on a busy machine, all would outlast the ten seconds that Temporal gives a task,
and none of the work would count. What waits at the server loses nothing."""
_HOUSE_ACTIVITIES = 2
"""Activities of the house at a time."""
_HEARTBEATS_EVERY = timedelta(seconds=1)
"""So often they go out at the most; the SDK would wait for four fifths of the time that a worker is given."""


def workflow_runner() -> BegunAgain:
    """The sandbox, with the domain passed through: it is pure, and the same in every run.

    So is what an interceptor, which stays outside, and the workflow both use.
    """
    outside = ("petitions", "pydantic", "pydantic_core", "workflows.request_ids", "workflows.pages")
    restrictions = SandboxRestrictions.default.with_passthrough_modules(*outside)
    return BegunAgain(SandboxedWorkflowRunner(restrictions=restrictions))


def _deployment(settings: WorkerSettings) -> WorkerDeploymentConfig | None:
    """The version that this worker is: cases move to the one that is current, with their next task."""
    if settings.worker_build_id is None:
        return None
    return WorkerDeploymentConfig(
        version=WorkerDeploymentVersion(DEPLOYMENT, settings.worker_build_id),
        use_worker_versioning=True,
        default_versioning_behavior=VersioningBehavior.AUTO_UPGRADE,
    )


def case_worker(client: Client, activities: CaseActivities, settings: WorkerSettings) -> Worker:
    """A worker for petition cases.

    Args:
        client: it must use the converter of ``data_converter_for``; what stands around its calls stands around the
            work, too, if it can.
        activities: what they do.
        settings: how much at a time.
    """
    runner = workflow_runner()
    worker = Worker(
        client,
        task_queue=TASK_QUEUE,
        workflows=[PetitionCase, OfficeNotices, MorningDigest],
        activities=[
            activities.open_case,
            activities.reopen_case,
            activities.resume_case,
            activities.record,
            activities.notify,
            activities.submit_report,
            activities.refuse_hand_over,
            activities.of_notices.send_message,
            activities.of_notices.mark_notices,
            activities.of_notices.write_digests,
        ],
        interceptors=[RequestIds(), Surroundings(), PageLinks(str(settings.pages_url))],
        workflow_runner=runner,
        deployment_config=_deployment(settings),
        max_concurrent_workflow_tasks=_TASKS_AT_ONCE,
        # No more than there are connections: waiting for one would eat an activity's time.
        max_concurrent_activities=min(
            settings.worker_activities, max(1, settings.database_connections - _HOUSE_ACTIVITIES)
        ),
        max_heartbeat_throttle_interval=_HEARTBEATS_EVERY,
        graceful_shutdown_timeout=timedelta(seconds=settings.worker_drain_seconds),
    )
    runner.drops_by(worker._bridge_worker.request_workflow_eviction)  # pyright: ignore[reportPrivateUsage] - no other way
    return worker


def house_worker(client: Client, activities: HouseActivities, settings: WorkerSettings) -> Worker:
    """A worker for what the house does by the clock; little, and one thing at a time of each."""
    return Worker(
        client,
        task_queue=HOUSE_QUEUE,
        workflows=HOUSE_WORKFLOWS,
        activities=[activities.keep_head, activities.reconcile],
        interceptors=[Surroundings()],
        workflow_runner=workflow_runner(),
        max_concurrent_activities=_HOUSE_ACTIVITIES,
        max_heartbeat_throttle_interval=_HEARTBEATS_EVERY,
        graceful_shutdown_timeout=timedelta(seconds=settings.worker_drain_seconds),
    )


def case_replayer(
    settings: PayloadSettings, interceptors: Sequence[Interceptor] = (), runtime: Runtime | None = None
) -> Replayer:
    """What replays the history of a case, or of an office's out-tray, just as a worker of this version would.

    Args:
        settings: how payloads are sealed.
        interceptors: of whoever wants to listen.
        runtime: of the SDK; none: the process's own.

    Raises:
        KeyFileError, CipherMissingError: as ``data_converter_for``.
    """
    return Replayer(
        workflows=[PetitionCase, OfficeNotices],
        data_converter=data_converter_for(settings),
        interceptors=[RequestIds(), *interceptors],
        workflow_runner=workflow_runner(),
        runtime=runtime,
    )


def data_converter_for(settings: PayloadSettings) -> DataConverter:
    """The converter of a worker, or a replayer, of the cases: it seals payloads and failures if they are to be sealed.

    Raises:
        KeyFileError: a payload key file is set and cannot be used.
        CipherMissingError: the cipher is not to be had here.
    """
    payloads = Payloads.of_settings(settings)
    if payloads is None:
        return case_data_converter
    codec = CasePayloads(payloads)
    return dataclasses.replace(case_data_converter, payload_codec=codec, failure_converter_class=SealedFailures)


async def connect(
    settings: PayloadSettings, runtime: Runtime | None = None, around: Sequence[ClientInterceptor] = ()
) -> Client:
    """A client of the Temporal server that ``TEMPORAL_*`` names, with the converter of the cases.

    Args:
        settings: whether payloads are sealed.
        runtime: where the SDK counts; none: nowhere.
        around: what stands around its calls, such as tracing; if it can, around the work of its workers as well.

    Raises:
        EngineError: there is no way to the server, as ``temporal_client`` says.
        KeyFileError, CipherMissingError: as ``data_converter_for``.
    """
    converter = data_converter_for(settings)
    return await temporal_client(data_converter=converter, runtime=runtime, interceptors=around)


async def run_worker(
    settings: WorkerSettings, stop: asyncio.Event, on_ready: Callable[[int], None] | None = None
) -> None:
    """Work until ``stop`` is set, then drain: no new work, and what runs may finish.

    Args:
        settings: from the environment.
        stop: set it to stop.
        on_ready: called once with the health endpoint's port, when work begins.

    Raises:
        EngineError: there is no Temporal server, or its settings are wrong.
        SchemaError: the database has a schema that this version does not know.
        SearchAttributesMissingError: search attributes are missing and cannot be registered.
        NoSuchJurisdictionError, JurisdictionError: the jurisdiction file is not there, or wrong.
        PortInUseError: the health endpoint cannot listen.
        KeyFileError, CipherMissingError: payloads are to be sealed and cannot be.
        TracingSettingsError: traces are to be sent and cannot be.
    """
    # What it is about stands in fields of its own.
    workflow.logger.workflow_info_on_message = False
    activity.logger.activity_info_on_message = False
    async with traced("guatu-worker") as is_traced:
        await _run(settings, stop, on_ready, [Traces()] if is_traced else [])


async def _run(
    settings: WorkerSettings,
    stop: asyncio.Event,
    on_ready: Callable[[int], None] | None,
    around: Sequence[ClientInterceptor],
) -> None:
    jurisdictions = Jurisdictions(settings.jurisdiction)
    jurisdictions.get(None)
    metrics = WorkerMetrics()
    client = await connect(settings, metrics.engine.runtime, around)
    registered = await ensure_search_attributes(client)
    if registered:
        _log.info("search attributes registered", names=registered)
    await prepare_schema(settings.database_url)
    await _make_schedules(client, jurisdictions)
    async with (
        metrics.engine.gathered(),
        open_pool(
            settings.database_url, max_size=settings.database_connections, on_statement=metrics.statements.ran
        ) as pool,
    ):
        store = Store(pool, on_written=metrics.record.written)
        clock = CaseClock(short=settings.short_clock)
        activities = CaseActivities(store, jurisdictions, clock, on_tried=metrics.notices.tried)
        workers = (
            case_worker(client, activities, settings),
            house_worker(client, HouseActivities(store, client, jurisdictions), settings),
        )

        async def working() -> str | None:
            if stop.is_set():
                return "the worker drains"
            return None if all(worker.is_running for worker in workers) else "the worker is not running"

        async def temporal() -> str | None:
            try:
                healthy = await client.service_client.check_health()
            except RPCError as error:
                return f"the Temporal server does not answer ({error.message})"
            return None if healthy else "the Temporal server is not healthy"

        checks: dict[str, Check] = {"worker": working, "temporal": temporal, "postgres": store.fault}
        async with health_endpoint(settings.worker_host, settings.worker_port, checks, metrics.registry) as port:
            running = [asyncio.create_task(worker.run()) for worker in workers]
            stopping = asyncio.create_task(stop.wait())
            _log.info("the worker is ready", task_queue=TASK_QUEUE, namespace=client.namespace, health_port=port)
            if on_ready:
                on_ready(port)
            await asyncio.wait({*running, stopping}, return_when=asyncio.FIRST_COMPLETED)
            stopping.cancel()
            if stop.is_set():
                _log.info("the worker drains", seconds=settings.worker_drain_seconds)
            # Also where one of them has failed: the other ends with it, in order.
            left = [worker for worker, run in zip(workers, running, strict=True) if not run.done()]
            await asyncio.gather(*(worker.shutdown() for worker in left))
            await asyncio.gather(*running)


async def _make_schedules(client: Client, jurisdictions: Jurisdictions) -> None:
    """Without them cases go on all the same, so a server that does not allow them keeps no worker from its cases."""
    try:
        schedules = (*planned(jurisdictions.get(None).timezone), *digests(jurisdictions))
        made = await ensure_schedules(client, schedules)
    except RPCError as error:
        _log.error("the schedules cannot be made: no daily heads, no reconciliation, no digests", error=error.message)
        return
    if made:
        _log.info("schedules made", ids=made)
