"""The HTTP API on the session's real servers: its own Postgres, its Temporal server, and a worker."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from temporalio.contrib.pydantic import pydantic_data_converter

from api.app import create_app
from api.settings import ApiSettings
from intake.engine import Engine
from intake.request_ids import SendRequestIds
from sealing.key_file import new_key_file
from store import open_pool
from tests.places import SharedStack


def http_client(app: FastAPI, **headers: str) -> httpx.AsyncClient:
    """A caller on this machine."""
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1", headers=headers, timeout=60)


@pytest.fixture(scope="session")
def master_key_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with one master key."""
    file = tmp_path_factory.mktemp("keys") / "master-keys"
    new_key_file(file)
    return file


@pytest.fixture(scope="session")
async def engine(stack: SharedStack) -> Engine:
    """The cases' engine, as an API process has it."""
    client = await stack.connect(interceptors=[SendRequestIds()], data_converter=pydantic_data_converter)
    return Engine(client, seconds=120)


def settings(stack: SharedStack, **changes: object) -> ApiSettings:
    """Settings of a process that lets everybody in, whatever keys other tests have issued on the session's database."""
    patience = {"api_engine_seconds": 120, "api_store_seconds": 60}
    values: dict[str, object] = {"database_url": stack.database_url, "api_access": "open", **patience}
    return ApiSettings.model_validate(values | changes)


@pytest.fixture(scope="session")
async def app(stack: SharedStack, engine: Engine, master_key_file: Path) -> AsyncIterator[FastAPI]:
    """The application."""
    async with open_pool(stack.database_url, max_size=10) as pool:
        yield create_app(settings(stack, master_key_file=master_key_file), pool, engine=engine)


@pytest.fixture(scope="session")
async def http(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody who may do everything."""
    async with http_client(app) as client:
        yield client
