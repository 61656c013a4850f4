"""``guatu deployment``: which version of the workers the cases run on."""

import asyncio
from typing import Annotated

import typer

deployment = typer.Typer(
    name="deployment",
    help="Versions of the workers (GUATU_WORKER_BUILD_ID), and which one the cases run on.",
    no_args_is_help=True,
)


@deployment.command("list")
def list_() -> None:
    """List the versions, the latest first, and how each stands."""
    from guatu.running import run_until_interrupted

    async def main(_stop: asyncio.Event) -> None:
        from guatu.commands.on_store import temporal
        from guatu.deployments import versions

        found = await versions(await temporal())
        for version in found:
            typer.echo(version.line)
        if not found:
            typer.echo("no worker has a GUATU_WORKER_BUILD_ID: cases run on whichever worker is there", err=True)

    run_until_interrupted(main)


@deployment.command("promote")
def promote(
    build_id: Annotated[str, typer.Argument(metavar="BUILD_ID", help="The version, as its workers have it.")],
    percent: Annotated[
        float | None, typer.Option(min=0, max=100, help="Only so many of the cases, chosen by their numbers.")
    ] = None,
) -> None:
    """Have the cases run on this version, each from its next task on; to go back, promote the one before."""
    from guatu.running import run_until_interrupted

    async def main(_stop: asyncio.Event) -> None:
        from guatu.commands.on_store import temporal
        from guatu.deployments import promote as promote_version

        await promote_version(await temporal(), build_id, percent)
        typer.echo(f"{f'{percent:g} % of the' if percent is not None else 'all'} cases run on version {build_id}")

    run_until_interrupted(main)


def add_to(app: typer.Typer) -> None:
    """Make them commands of the application."""
    app.add_typer(deployment)
