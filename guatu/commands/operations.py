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


def rehearse() -> None:
    """Replay the history of every open case with this version, before it is let at them: go, or no-go (fails).

    Nothing is changed on the server, and it needs no worker.
    """

    async def main(store: "Store") -> int:
        from guatu import rehearsal
        from intake.engine import connect_temporal
        from sealing.settings import PayloadSettings

        schema = await store.schema()
        done = await rehearsal.rehearse(await connect_temporal(), PayloadSettings())
        for fault in done.faults:
            typer.echo(fault.line)
        if done.reworded:
            typer.echo(f"in {len(done.reworded)} cases texts would read otherwise; those on record stay as they are")
        if schema.state == "behind":
            typer.echo(f"the database has schema {schema.found}: this version makes it {schema.known} when it starts")
        if schema.state == "unknown":
            typer.echo(schema.reason)
        if done.faults or schema.state == "unknown":
            typer.echo(f"no-go: {len(done.faults)} of {done.cases} open cases cannot go on with this version")
            return 1
        typer.echo(f"go: all {done.cases} open cases go on with this version")
        return 0

    with_store(main)


def add_to(app: typer.Typer) -> None:
    """Make them commands of the application."""
    app.command()(reconcile)
    app.command()(rehearse)
