"""``guatu intake FILE``: the hand-overs of a list become cases."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from intake.batches import RowResult


def intake(
    file: Annotated[
        Path,
        typer.Argument(help="A list of cases: CSV or XLSX with headers in Chinese or English, or JSON Lines."),
    ],
    utc_offset: Annotated[
        float,
        typer.Option(
            min=-14, max=14, help="Hours by which local time is ahead, for times in a CSV or XLSX without one."
        ),
    ] = 8,
) -> None:
    """Start a case for each row of a list; a line of result for each, and failure if any row failed.

    The same file again starts nothing twice, and goes on where it was.
    """
    from datetime import timedelta, timezone

    from guatu.commands.on_store import temporal
    from guatu.errors import CommandError
    from guatu.running import run_until_interrupted
    from intake.batches import take_batch
    from intake.engine import start_case
    from intake.lists import BYTES, ListError, form_of, read_list

    def read() -> bytes:
        with file.open("rb") as opened:
            return opened.read(BYTES + 1)  # what is longer is refused whatever stands there

    async def main(_stop: asyncio.Event) -> int:
        content = await asyncio.to_thread(read)
        local = timezone(timedelta(hours=utc_offset))
        try:
            form = form_of(content, file_name=file.name)
            case_list = await asyncio.to_thread(read_list, content, form, local=local)
        except ListError as error:
            raise CommandError(f"{file}: {error}") from None
        client = await temporal()
        result = await take_batch(lambda hand_over: start_case(client, hand_over), case_list, told=_tell)
        if result.ignored_columns:
            typer.echo(f"未读取的列：{'、'.join(result.ignored_columns)}", err=True)
        if result.done:
            return 0
        summary = result.summary
        typer.echo(f"{summary.rows - summary.created - summary.same}行未受理", err=True)
        return 1

    run_until_interrupted(main)


def _tell(result: "RowResult") -> None:
    number = f"{result.case_no}：" if result.case_no else ""
    why = "；".join(f"{mistake.where}：{mistake.detail}" for mistake in result.mistakes)
    said = result.result.label if result.result.done else f"未受理（{result.result.label}）：{why}"
    typer.echo(f"第{result.row}行　{number}{said}")


def add_to(app: typer.Typer) -> None:
    """Make it a command of the application."""
    app.command()(intake)
