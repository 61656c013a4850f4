"""``guatu master-key`` and ``guatu complainants``: the keys that seal complainants' details, and who has looked."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

if TYPE_CHECKING:
    from intake.complainants import Rewrapped
    from store import Store
    from store.complainants import WrittenLook

_KeyFileArgument = Annotated[Path, typer.Argument(help="The master key file.", metavar="FILE")]

master_key = typer.Typer(
    name="master-key",
    help="Master keys, by which complainants' details are sealed (GUATU_MASTER_KEY_FILE).",
    no_args_is_help=True,
)
complainants = typer.Typer(
    name="complainants", help="Complainants' sealed details: rotation, and who has looked.", no_args_is_help=True
)


@master_key.command("new")
def new_master_key(file: _KeyFileArgument) -> None:
    """Make a master key file with one key, which only its owner can read; a file that is there is left as it is."""

    def main() -> None:
        from sealing.key_file import new_key_file

        key_id = new_key_file(file)
        typer.echo(f"master key {key_id} is in {file}; keep a copy apart from the database's backups")

    _run(main)


@master_key.command("add")
def add_master_key(file: _KeyFileArgument) -> None:
    """Add a key that seals from now on; the keys before it stay for what they have sealed."""

    def main() -> None:
        from sealing.key_file import add_master_key as add

        key_id = add(file)
        typer.echo(f"master key {key_id} is in {file} and active; guatu complainants rewrap brings all to it")

    _run(main)


@complainants.command()
def rewrap() -> None:
    """Bring all sealed details under the active master key; interrupted, it goes on when it is run again."""

    async def main(store: "Store") -> int:
        from guatu.errors import CommandError
        from guatu.settings import read_settings
        from intake.complainants import SealedComplainants, SealingUnavailableError
        from sealing.settings import SealingSettings

        try:
            done = await SealedComplainants.of_settings(store, read_settings(SealingSettings)).rewrap_all()
        except SealingUnavailableError as error:
            raise CommandError(str(error)) from None
        for line in _rotation(done):
            typer.echo(line)
        return 1 if done.failed else 0

    _with_store(main)


@complainants.command()
def looks(
    case_no: Annotated[str | None, typer.Argument(help="A case number; default: all cases.", metavar="[CASE]")] = None,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="So many at the most, the latest.")] = 1_000,
) -> None:
    """List who has looked at complainants' details and what for, the latest first."""

    async def main(store: "Store") -> None:
        from guatu.errors import CommandError
        from petitions.hand_over import without_star

        number = without_star(case_no) if case_no is not None else None
        found = await store.complainant_looks(number, limit)
        for look in found:
            typer.echo(_told(look))
        if not found and number is not None and await store.case(number) is None:
            raise CommandError(f"there is no case {number!r} on record")
        if not found:
            typer.echo("无查看记录")

    _with_store(main)


def add_to(app: typer.Typer) -> None:
    """Make them commands of the application."""
    app.add_typer(master_key)
    app.add_typer(complainants)


def _rotation(done: "Rewrapped") -> list[str]:
    return [
        f"rewrapped: {done.rewrapped}",
        f"under the active master key: {done.current}",
        f"do not open: {len(done.failed)}",
        *(f"case {case_no}: its details do not open (guatu complainants looks {case_no})" for case_no in done.failed),
    ]


def _told(look: "WrittenLook") -> str:
    from store.complainants import LookKind

    what = {
        LookKind.LOOK: "查看" if look.given else "查看，无举报人信息",
        LookKind.FAILED: "未能解封",
        LookKind.REWRAPPED: "更换主密钥",
    }[look.kind]
    who = f"{look.office} {look.name}（{look.caller_id}）" if look.office else None
    purpose = f"用途：{look.purpose}" if look.purpose else None
    request = f"请求 {look.request_id}" if look.request_id else None
    said = [look.at.isoformat(timespec="seconds"), look.case_no, what, who, purpose, look.note, request]
    return "　".join(part for part in said if part)


def _run(main: Callable[[], None]) -> NoReturn:
    from guatu.errors import CommandError
    from guatu.running import run_plainly
    from sealing.errors import SealingError

    def told() -> None:
        try:
            main()
        except SealingError as error:
            raise CommandError(str(error)) from None

    run_plainly(told)


def _with_store(main: "Callable[[Store], Awaitable[int | None]]") -> NoReturn:
    from guatu.running import run_until_interrupted
    from guatu.settings import read_settings
    from store import Store, open_pool
    from store.settings import DatabaseSettings

    async def on_store(_stop: asyncio.Event) -> int | None:
        settings = read_settings(DatabaseSettings)
        async with open_pool(settings.database_url, max_size=2, command_seconds=600) as pool:
            return await main(Store(pool))

    run_until_interrupted(on_store)
