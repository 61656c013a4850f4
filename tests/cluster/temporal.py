"""Temporal's production server, set by the variables by which its container image is set, all services on loopback."""

import asyncio
import contextlib
import os
import random
import signal
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

from google.protobuf.duration_pb2 import Duration
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest, RegisterNamespaceRequest
from temporalio.client import Client, TLSConfig
from temporalio.service import RPCError, RPCStatusCode

from guatu.embedded.errors import PortInUseError
from guatu.embedded.ports import LOOPBACK, check_free, free_port
from guatu.embedded.process import Command, GuardedProcess, run
from tests.certificates import Certificates
from tests.cluster.postgres import PASSWORD, CityPostgres
from tests.cluster.temporal_programs import TemporalPrograms

NAMESPACE = "petitions"
SHARDS = 16
RETENTION = timedelta(days=3)
_STOP = ((signal.SIGTERM, 20.0), (signal.SIGKILL, 5.0))
_PORTS = (
    "FRONTEND_GRPC_PORT",
    "FRONTEND_HTTP_PORT",
    "FRONTEND_MEMBERSHIP_PORT",
    "MATCHING_GRPC_PORT",
    "MATCHING_MEMBERSHIP_PORT",
    "HISTORY_GRPC_PORT",
    "HISTORY_MEMBERSHIP_PORT",
    "WORKER_GRPC_PORT",
    "WORKER_MEMBERSHIP_PORT",
)
_SCHEMAS = {"temporal": "postgresql/v12/temporal", "temporal_visibility": "postgresql/v12/visibility"}


class TemporalServer:
    """One server on a PostgreSQL; it can be stopped and started again on the same ports.

    Args:
        programs: The server and its schema tool.
        postgres: Where it keeps everything; started.
        place: A directory for its log.
        certificates: With these its clients must show a certificate, and so do its services to each other.
    """

    def __init__(
        self, programs: TemporalPrograms, postgres: CityPostgres, place: Path, certificates: Certificates | None
    ) -> None:
        self._programs = programs
        self._postgres = postgres
        self._log = place / "temporal.log"
        self._dynamic = place / "dynamic.yaml"
        self._certificates = certificates
        self._ports = {name: str(_low_port() if "MEMBERSHIP" in name else free_port()) for name in _PORTS}
        self._process: GuardedProcess | None = None

    @property
    def address(self) -> str:
        """Host and port of the frontend."""
        return f"{LOOPBACK}:{self._ports['FRONTEND_GRPC_PORT']}"

    def client_settings(self) -> dict[str, str]:
        """How a process of guatu finds it: Temporal's own environment configuration."""
        settings = {"TEMPORAL_ADDRESS": self.address, "TEMPORAL_NAMESPACE": NAMESPACE}
        if (given := self._certificates) is not None:
            settings |= {
                "TEMPORAL_TLS": "true",
                "TEMPORAL_TLS_SERVER_CA_CERT_PATH": str(given.authority),
                "TEMPORAL_TLS_CLIENT_CERT_PATH": str(given.client.certificate),
                "TEMPORAL_TLS_CLIENT_KEY_PATH": str(given.client.key),
            }
        return settings

    async def make_schema(self) -> None:
        """Make the tables, as the schema job does."""
        self._dynamic.write_text("{}\n")
        for database, schema in _SCHEMAS.items():
            await self._sql(database, "setup-schema", "-v", "0.0")
            await self._sql(database, "update-schema", "--schema-name", schema)

    async def start(self) -> None:
        """Start it and wait until it serves the namespace, made at the first start."""
        command = Command(
            argv=(str(self._programs.server), "--allow-no-auth", "start"),
            log=self._log,
            stop=_STOP,
            env=self._plain_environment() | self._environment(),
        )
        self._process = await GuardedProcess.start(command)
        for _ in range(600):
            assert self._process.exit_code is None, self._said()
            try:
                await self._serve_namespace()
            except (RPCError, RuntimeError):  # RuntimeError: no connection yet
                await asyncio.sleep(0.2)
            else:
                return
        raise AssertionError(f"the Temporal server is not ready: {self._said()}")

    async def stop(self) -> None:
        """Stop it and wait until it has ended."""
        if self._process is not None:
            await self._process.stop()

    async def client(self) -> Client:
        """A plain client, as an outside program has it."""
        return await Client.connect(self.address, namespace=NAMESPACE, tls=self._tls())

    def _tls(self) -> TLSConfig | bool:
        if (given := self._certificates) is None:
            return False
        return TLSConfig(
            server_root_ca_cert=given.authority.read_bytes(),
            client_cert=given.client.certificate.read_bytes(),
            client_private_key=given.client.key.read_bytes(),
        )

    async def _serve_namespace(self) -> None:
        client = await self.client()
        retention = Duration()
        retention.FromTimedelta(RETENTION)
        try:
            await client.workflow_service.register_namespace(
                RegisterNamespaceRequest(namespace=NAMESPACE, workflow_execution_retention_period=retention)
            )
        except RPCError as error:
            if error.status is not RPCStatusCode.ALREADY_EXISTS:
                raise
        await client.workflow_service.describe_namespace(DescribeNamespaceRequest(namespace=NAMESPACE))
        # A namespace is known to all services some seconds after it was made; this asks the last of them.
        async for _ in client.list_workflows("WorkflowType = 'None'"):
            pass

    async def _sql(self, database: str, *arguments: str) -> None:
        tls: tuple[str, ...] = ()
        if (given := self._certificates) is not None:
            tls = ("--tls", "--tls-ca-file", str(given.authority), "--tls-server-name", "localhost")
        where = ("--plugin", "postgres12", "--ep", LOOPBACK, "-p", str(self._postgres.port), "-u", "temporal")
        code = await run(
            Command(
                argv=(str(self._programs.sql), *where, "--pw", PASSWORD, "--db", database, *tls, *arguments),
                log=self._log,
                stop=_STOP,
                env=self._plain_environment(),
            )
        )
        assert code == 0, self._said()

    def _environment(self) -> dict[str, str]:
        settings = {
            "DB": "postgres12",
            "POSTGRES_SEEDS": LOOPBACK,
            "DB_PORT": str(self._postgres.port),
            "POSTGRES_USER": "temporal",
            "POSTGRES_PWD": PASSWORD,
            "NUM_HISTORY_SHARDS": str(SHARDS),
            "BIND_ON_IP": LOOPBACK,
            "TEMPORAL_BROADCAST_ADDRESS": LOOPBACK,
            "DYNAMIC_CONFIG_FILE_PATH": str(self._dynamic),
            "LOG_LEVEL": "warn",
            **self._ports,
        }
        if (given := self._certificates) is not None:
            authority, server, key = map(str, (given.authority, given.server.certificate, given.server.key))
            settings |= {
                "SQL_TLS_ENABLED": "true",
                "SQL_CA": authority,
                "SQL_HOST_VERIFICATION": "true",
                "SQL_HOST_NAME": "localhost",
                "TEMPORAL_TLS_REQUIRE_CLIENT_AUTH": "true",
                "TEMPORAL_TLS_SERVER_CA_CERT": authority,
                "TEMPORAL_TLS_SERVER_CERT": server,
                "TEMPORAL_TLS_SERVER_KEY": key,
                "TEMPORAL_TLS_INTERNODE_SERVER_NAME": "localhost",
                "TEMPORAL_TLS_FRONTEND_CERT": server,
                "TEMPORAL_TLS_FRONTEND_KEY": key,
                "TEMPORAL_TLS_FRONTEND_SERVER_NAME": "localhost",
                "TEMPORAL_TLS_CLIENT1_CA_CERT": authority,
                "TEMPORAL_TLS_CLIENT2_CA_CERT": authority,
            }
        return settings

    @staticmethod
    def _plain_environment() -> dict[str, str]:
        foreign: Mapping[str, str] = os.environ
        return {
            name: value
            for name, value in foreign.items()
            if not name.startswith(("TEMPORAL_", "SQL_", "POSTGRES_", "GUATU_"))
        }

    def _said(self) -> str:
        return self._log.read_text(errors="replace")[-3000:]


def _low_port() -> int:
    """A free port that fits into 15 bits: the server keeps where its members are in columns of two bytes."""
    while True:
        port = random.randrange(20_000, 32_000)  # noqa: S311 - any will do
        with contextlib.suppress(PortInUseError):
            check_free(port, "a member of the Temporal cluster")
            return port
