"""``guatu rehearse``: what whoever runs it does before an upgrade."""

from typing import TYPE_CHECKING

import typer

from guatu.commands.on_store import temporal, with_store

if TYPE_CHECKING:
    from store import Store


def rehearse() -> None:
    """Replay the history of every open case with this version, before it is let at them: go, or no-go (fails).

    Offices' out-trays as well. Nothing is changed on the server, and it needs no worker.
    """

    async def main(store: "Store") -> int:
        from guatu import rehearsal
        from guatu.settings import read_settings
        from sealing.settings import PayloadSettings

        schema = await store.schema()
        done = await rehearsal.rehearse(await temporal(), read_settings(PayloadSettings))
        for fault in (*done.faults, *done.out_tray_faults):
            typer.echo(fault.line)
        if done.reworded:
            typer.echo(f"in {len(done.reworded)} cases texts would read otherwise; those on record stay as they are")
        if schema.state == "behind":
            typer.echo(f"the database has schema {schema.found}: this version makes it {schema.known} when it starts")
        if schema.state == "unknown":
            typer.echo(schema.reason)
        if done.faults or done.out_tray_faults or schema.state == "unknown":
            trays = f" and {len(done.out_tray_faults)} of {done.out_trays} out-trays" if done.out_tray_faults else ""
            typer.echo(f"no-go: {len(done.faults)} of {done.cases} open cases{trays} cannot go on with this version")
            return 1
        trays = f" and {done.out_trays} out-trays" if done.out_trays else ""
        typer.echo(f"go: all {done.cases} open cases{trays} go on with this version")
        return 0

    with_store(main)


def add_to(app: typer.Typer) -> None:
    """Make them commands of the application."""
    app.command()(rehearse)
