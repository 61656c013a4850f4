"""``guatu up`` and ``guatu demo``: everything on one machine, servers included."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

TemporalPort = Annotated[int, typer.Option(min=0, max=65535, help="The Temporal server's port; 0: a free one.")]
UiPort = Annotated[int, typer.Option(min=0, max=65535, help="The Temporal UI's port; 0: a free one.")]
ApiPort = Annotated[int, typer.Option(min=0, max=65535, help="The API's port; 0: a free one.")]


def up(
    data_dir: Annotated[
        Path | None, typer.Option(help="Where everything is kept; default: guatu's own directory for this user.")
    ] = None,
    temporal_port: TemporalPort = 7233,
    ui_port: UiPort = 8233,
    api_port: ApiPort = 8080,
) -> None:
    """Run everything here, with servers of its own and the real clock, until it is ended."""
    from guatu.embedded import default_data_directory
    from guatu.running import run_until_interrupted
    from guatu.up import UpOptions, up

    directory = data_dir or default_data_directory()
    options = UpOptions(data_dir=directory, temporal_port=temporal_port, ui_port=ui_port, api_port=api_port)
    run_until_interrupted(lambda stop: up(options, stop))


def demo(
    leave: Annotated[bool, typer.Option("--exit", help="End when the last case has; the last line is JSON.")] = False,
    day_seconds: Annotated[
        float, typer.Option(min=5, max=3600, help="How many seconds a day of the demonstration takes.")
    ] = 12,
    data_dir: Annotated[
        Path | None, typer.Option(help="Where to keep its data, a new directory; default: a temporary one.")
    ] = None,
    temporal_port: TemporalPort = 7233,
    ui_port: UiPort = 8233,
    api_port: ApiPort = 8080,
    notify: Annotated[
        list[str] | None,
        typer.Option(
            metavar="[OFFICE=]ADDRESS", help="Where notices go (Apprise), of all offices or of one; repeatable."
        ),
    ] = None,
) -> None:
    """Show the first nine days of Dazhou on real servers, by a short clock; then stay up."""
    from guatu.demo.run import DemoOptions, demo
    from guatu.running import run_until_interrupted

    options = DemoOptions(
        leave=leave,
        day_seconds=day_seconds,
        data_dir=data_dir,
        temporal_port=temporal_port,
        ui_port=ui_port,
        api_port=api_port,
        notify=tuple(notify or ()),
    )

    async def main(stop: asyncio.Event) -> int:
        return await demo(options, stop)

    run_until_interrupted(main)


def add_to(app: typer.Typer) -> None:
    """Make them commands of the application."""
    app.command()(up)
    app.command()(demo)
