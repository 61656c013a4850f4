"""``guatu migrate``, ``figures``, ``verify`` and ``rebuild``: what concerns Postgres alone."""

import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

if TYPE_CHECKING:
    from store import Store


def _moment(text: str) -> datetime:
    """A moment of the command line, which must say its offset."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.utcoffset() is None:
        raise typer.BadParameter(f"{text!r} is not a moment with its offset, such as 2021-09-04T23:59:59+08:00")
    return moment


def migrate() -> None:
    """Bring the database's schema up to this version."""
    from guatu.running import run_until_interrupted
    from guatu.settings import read_settings
    from store import migrate as migrate_schema
    from store.settings import DatabaseSettings

    async def main(_stop: asyncio.Event) -> None:
        made = await migrate_schema(read_settings(DatabaseSettings).database_url)
        typer.echo("\n".join(f"migrated: {name}" for name in made) or "the schema is up to date")

    run_until_interrupted(main)


def figures(
    at: Annotated[
        datetime | None,
        typer.Option(parser=_moment, help="As of this moment, such as 2021-09-04T23:59:59+08:00; default: now."),
    ] = None,
) -> None:
    """Print the figures as one line of JSON: received, concluded, starred, by county."""

    async def main(store: "Store") -> None:
        found = await store.figures(at or datetime.now(UTC))
        typer.echo(json.dumps(found.model_dump(), ensure_ascii=False))

    _with_store(main)


def verify() -> None:
    """Check the record: gaps, hash chains, and what stands beside each entry; fails if anything is wrong."""

    async def main(store: "Store") -> int:
        count = 0
        async for problem in store.verify():
            count += 1
            typer.echo(f"case {problem.case_no}, entry {problem.seq}: {problem.what}")
        typer.echo(f"{count} problems found" if count else "the record is as it was written")
        return 1 if count else 0

    _with_store(main)


def rebuild() -> None:
    """Make the read model anew from the record, and print what was not as the record has it."""

    async def main(store: "Store") -> None:
        differences = await store.rebuild()
        for difference in differences:
            typer.echo(f"case {difference.case_no}, {difference.column}: {difference.stored} -> {difference.rebuilt}")
        typer.echo(f"{len(differences)} differences" if differences else "the read model was as the record has it")

    _with_store(main)


def add_to(app: typer.Typer) -> None:
    """Make them commands of the application."""
    for command in (migrate, figures, verify, rebuild):
        app.command()(command)


def _with_store(main: "Callable[[Store], Awaitable[int | None]]") -> NoReturn:
    from guatu.running import run_until_interrupted

    async def on_store(_stop: asyncio.Event) -> int | None:
        async with _store() as store:
            return await main(store)

    run_until_interrupted(on_store)


@asynccontextmanager
async def _store() -> "AsyncGenerator[Store]":
    from guatu.settings import read_settings
    from store import Store, open_pool
    from store.settings import DatabaseSettings

    settings = read_settings(DatabaseSettings)
    # A whole record takes its time to read; nobody waits for the connection but this command.
    async with open_pool(settings.database_url, max_size=2, command_seconds=600) as pool:
        yield Store(pool)
