"""``guatu reconcile`` and ``rehearse``: what whoever runs it does after a restore and before an upgrade."""

from typing import TYPE_CHECKING, Annotated

import typer

from guatu.commands.on_store import with_store

if TYPE_CHECKING:
    from store import Store


def reconcile(
    repair: Annotated[
        bool, typer.Option("--repair", help="Put it right: write what the record lacks, start what Temporal has lost.")
    ] = False,
) -> None:
    """List where the record and Temporal differ, as after a restore; fails if anything does and is not put right.

    It needs no worker: after a restore, run it before the workers are started.
    """

    async def main(store: "Store") -> int:
        from guatu import reconciling
        from intake.engine import connect_temporal

        client = await connect_temporal()
        found = await reconciling.findings(store, client)
        if not found:
            typer.echo("the record and Temporal agree")
            return 0
        if not repair:
            for finding in found:
                typer.echo(finding.line)
            typer.echo(f"{len(found)} cases differ: --repair puts them right")
            return 1
        left = 0
        for finding in found:
            steps = await reconciling.repair(store, client, finding.case_no)
            for done in steps:
                typer.echo(done.line)
            left += any(not done.is_right for done in steps)
        typer.echo(f"{len(found)} cases differed: {len(found) - left} are put right, {left} are left")
        return 1 if left else 0

    with_store(main)


def add_to(app: typer.Typer) -> None:
    """Make them commands of the application."""
    app.command()(reconcile)
