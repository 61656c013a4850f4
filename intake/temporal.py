"""The one way to the Temporal server, for every process and command: by the SDK's environment configuration.

``TEMPORAL_ADDRESS``, ``TEMPORAL_NAMESPACE``, ``TEMPORAL_TLS…``, ``TEMPORAL_API_KEY`` and the SDK's configuration file
say where it is and how to get in. ``TEMPORAL_API_KEY_FILE`` is ours: a file with the key.
"""

import os
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest, GetSystemInfoRequest
from temporalio.client import Client, Interceptor
from temporalio.converter import DataConverter
from temporalio.envconfig import ClientConfig, ClientConnectConfig
from temporalio.runtime import Runtime
from temporalio.service import RetryConfig, RPCError, RPCStatusCode, TLSConfig

from intake.errors import (
    NoSuchNamespaceError,
    TemporalRefusesError,
    TemporalSettingsError,
    TemporalTlsError,
    TemporalUnreachableError,
)
from intake.temporal_tls import tls_fault

_DEFAULT_ADDRESS = "127.0.0.1:7233"
_DEFAULT_NAMESPACE = "default"
_ASKING = timedelta(seconds=5)
_KEY, _KEY_FILE = "TEMPORAL_API_KEY", "TEMPORAL_API_KEY_FILE"
_CLOSED = {RPCStatusCode.UNAUTHENTICATED, RPCStatusCode.PERMISSION_DENIED}


async def temporal_client(
    *,
    data_converter: DataConverter,
    lazy: bool = False,
    interceptors: Sequence[Interceptor] = (),
    retry_config: RetryConfig | None = None,
    runtime: Runtime | None = None,
) -> Client:
    """A client of the Temporal server that the environment names.

    Args:
        data_converter: what becomes of payloads.
        lazy: connect when something is first asked of it, so that the server may be away now.
        interceptors: of its calls.
        retry_config: how patiently it repeats calls; none: as the SDK does.
        runtime: that it runs on; none: the process's own.

    Raises:
        TemporalSettingsError: the settings are wrong, or do not go together.
        TemporalUnreachableError: no server answers.
        TemporalTlsError: its TLS and ours do not go together.
        TemporalRefusesError: a server answers, and does not let us in.
        NoSuchNamespaceError: a server answers, and has no such namespace.
    """
    config = temporal_settings()

    async def connect(*, lazy: bool) -> Client:
        return await Client.connect(
            **config,
            lazy=lazy,
            data_converter=data_converter,
            interceptors=interceptors,
            retry_config=retry_config,
            runtime=runtime,
        )

    try:
        client = await connect(lazy=lazy)
    except ValueError as error:
        raise TemporalSettingsError(f"TEMPORAL_ADDRESS={config.get('target_host')}: {error}") from None
    except RuntimeError as error:  # all else that the SDK raises here
        if refused := await _refused(await connect(lazy=True)):
            raise TemporalRefusesError(*_place(config), refused) from None
        address, namespace = _place(config)
        if fault := await tls_fault(address, _tls_of(config)):
            raise TemporalTlsError(address, fault) from None
        raise TemporalUnreachableError(address, namespace, str(error)) from None
    if not lazy and not await has_namespace(client):
        raise NoSuchNamespaceError(client.namespace)
    return client


async def has_namespace(client: Client) -> bool:
    """Whether the server has the client's namespace; also yes where it does not tell us, or not now."""
    try:
        request = DescribeNamespaceRequest(namespace=client.namespace)
        await client.workflow_service.describe_namespace(request, retry=False, timeout=_ASKING)
    except RPCError as error:
        return error.status is not RPCStatusCode.NOT_FOUND
    return True


def temporal_settings() -> ClientConnectConfig:
    """Where the Temporal server is and how to get in, as the environment says; every file named in it is read.

    Raises:
        TemporalSettingsError: it is wrong, or does not go together; the text names the setting.
    """
    try:
        config = ClientConfig.load_client_connect_config(override_env_vars=_environment())
    except OSError as error:
        raise TemporalSettingsError(f"{_setting_of(error.filename)}: {error.strerror}") from None
    except RuntimeError as error:
        raise TemporalSettingsError(f"the settings of Temporal (TEMPORAL_*) are wrong: {error}") from None
    address = config.setdefault("target_host", _DEFAULT_ADDRESS)
    if "://" in address:
        alone = address.partition("://")[2] or _DEFAULT_ADDRESS
        told = f"it is a host and a port alone, such as {alone}; TLS is asked for by TEMPORAL_TLS"
        raise TemporalSettingsError(f"TEMPORAL_ADDRESS={address}: {told}")
    tls = config.get("tls")
    if isinstance(tls, TLSConfig) and (fault := _pem_fault(tls)):
        raise TemporalSettingsError(fault)
    return config


def _environment() -> dict[str, str]:
    """The environment, with the key that a file holds."""
    given = dict(os.environ)
    path = given.pop(_KEY_FILE, None)
    if path is None:
        return given
    if _KEY in given:
        raise TemporalSettingsError(f"{_KEY} and {_KEY_FILE} are both set: set one of them")
    try:
        key = Path(path).read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not ASCII"
        raise TemporalSettingsError(f"{_KEY_FILE}={path}: {reason}") from None
    if not key:
        raise TemporalSettingsError(f"{_KEY_FILE}={path}: the file is empty")
    return given | {_KEY: key}


def _setting_of(path: str | None) -> str:
    """A path with the setting that names it, where one does; the SDK's configuration file may, too."""
    return next((f"{name}={path}" for name, value in os.environ.items() if value == path), str(path))


def _pem_fault(tls: TLSConfig) -> str | None:
    """What is wrong with the certificates and the key, before anybody connects: the SDK would not say which it is."""
    authority = "TEMPORAL_TLS_SERVER_CA_CERT_PATH (or _DATA)"
    certificate = "TEMPORAL_TLS_CLIENT_CERT_PATH (or _DATA)"
    key = "TEMPORAL_TLS_CLIENT_KEY_PATH (or _DATA)"
    if tls.server_root_ca_cert is not None and not _certificates(tls.server_root_ca_cert):
        return f"{authority} holds no certificate in PEM"
    if (tls.client_cert is None) != (tls.client_private_key is None):
        return f"{certificate} and {key} go together: one of them is not set"
    if tls.client_cert is None or tls.client_private_key is None:
        return None
    if not (chain := _certificates(tls.client_cert)):
        return f"{certificate} holds no certificate in PEM"
    try:
        private = load_pem_private_key(tls.client_private_key, None)
    except (ValueError, TypeError):  # TypeError: it has a password
        return f"{key} holds no private key in PEM without a password"
    form = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if private.public_key().public_bytes(*form) != chain[0].public_key().public_bytes(*form):
        return f"{key} holds another key than the certificate's: the two must be a pair"
    return None


def _certificates(pem: bytes) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(pem)
    except ValueError:
        return []


async def _refused(client: Client) -> str | None:
    """With which words a server that answers does not let us in; none: it does not answer, or lets us in."""
    try:
        await client.workflow_service.get_system_info(GetSystemInfoRequest(), retry=False)
    except RPCError as error:
        return error.message or error.status.name if error.status in _CLOSED else None
    except RuntimeError:
        return None
    return None


def _place(config: ClientConnectConfig) -> tuple[str, str]:
    return config.get("target_host", _DEFAULT_ADDRESS), config.get("namespace", _DEFAULT_NAMESPACE)


def _tls_of(config: ClientConnectConfig) -> TLSConfig | None:
    tls = config.get("tls", False)
    return tls if isinstance(tls, TLSConfig) else TLSConfig() if tls else None
