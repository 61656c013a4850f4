"""``guatu heads``: once a day one hash over all cases, exported and signed: nothing can be taken back unseen."""

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from guatu.commands.on_store import with_store

if TYPE_CHECKING:
    from store import Store

heads = typer.Typer(
    name="heads", help="Heads over the records of all cases: written daily, exported, signed.", no_args_is_help=True
)
_keys = typer.Typer(name="key", help="The key by which heads and case files are signed.", no_args_is_help=True)
heads.add_typer(_keys)


@heads.command()
def write(
    utc_offset: Annotated[
        float, typer.Option(min=-14, max=14, help="Hours by which local time is ahead: a day begins at its midnight.")
    ] = 8,
) -> None:
    """Write the head of today, once: for a timer, and as often as one likes."""

    async def main(store: "Store") -> None:
        head, new = await store.write_head(timedelta(hours=utc_offset))
        done = "written" if new else "there already"
        typer.echo(f"head {head.no} of {head.day} is {done}: {head.cases} cases, {head.entries} entries, {head.hash}")

    with_store(main)


@heads.command()
def export(
    file: Annotated[Path, typer.Argument(help="The file to write; one with the same heads is carried on.")],
    key: Annotated[Path, typer.Option(metavar="FILE", help="The private key to sign by (guatu heads key new).")],
) -> None:
    """Export all heads, signed, as JSON lines; keep the file where nobody can change it who can change the database."""

    async def main(store: "Store") -> None:
        from guatu.head_files import write_heads
        from guatu.signatures import read_signing_key

        signing = read_signing_key(key)
        found = [head async for head in store.heads()]
        new = write_heads(file, found, signing)
        typer.echo(f"{len(found)} heads are in {file}, {new} of them new, signed by {signing.public.id}")

    with_store(main)


@_keys.command("new")
def new_key(file: Annotated[Path, typer.Argument(help="The file for the private key.")]) -> None:
    """Make a key: the private one in FILE, for its owner alone; the public one, for whoever checks, in FILE.pub."""
    from guatu.running import run_plainly

    def main() -> None:
        from guatu.signatures import new_signing_key

        public, public_path = new_signing_key(file)
        typer.echo(
            f"key {public.id}: private in {file}, public in {public_path}; keep the private one off the database"
        )

    run_plainly(main)


def add_to(app: typer.Typer) -> None:
    """Make them commands of the application."""
    app.add_typer(heads)
