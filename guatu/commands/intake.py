"""``guatu intake FILE``: hand-overs from a file of JSON Lines become cases."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from temporalio.client import Client


def intake(
    file: Annotated[Path, typer.Argument(help="JSON Lines: one hand-over on each line, in UTF-8.")],
) -> None:
    """Start a case for each hand-over of a file; a line of result for each row, and failure if any row failed.

    The same file again starts nothing twice.
    """
    from guatu.running import run_until_interrupted
    from intake.engine import connect_temporal

    async def main(_stop: asyncio.Event) -> int:
        rows = await asyncio.to_thread(file.read_bytes)
        client = await connect_temporal()
        failed = 0
        for number, row in enumerate(rows.removeprefix(b"\xef\xbb\xbf").splitlines(), 1):
            if row.strip():
                done, said = await _take(client, row)
                typer.echo(f"第{number}行　{said}")
                failed += not done
        if failed:
            typer.echo(f"{failed}行未受理", err=True)
        return 1 if failed else 0

    run_until_interrupted(main)


async def _take(client: "Client", row: bytes) -> tuple[bool, str]:
    """One row: whether its case is there now, and what to say of it."""
    from temporalio.service import RPCError

    from intake.engine import Started, start_case
    from petitions.hand_over import HandOverError, read_hand_over

    try:
        hand_over = read_hand_over(row)
        started = await start_case(client, hand_over)
    except HandOverError as error:
        return False, f"未受理：{error}"
    except RPCError as error:
        return False, f"未受理，请稍后重试：{error}"
    said = {
        Started.NEW: "已受理",
        Started.SAME: "此前已受理，未重复立案",
        Started.OTHER: "未受理：已有同一受理编号而内容不同的案件，请核对编号",
    }
    return started is not Started.OTHER, f"{hand_over.case_no}：{said[started]}"


def add_to(app: typer.Typer) -> None:
    """Make it a command of the application."""
    app.command()(intake)
