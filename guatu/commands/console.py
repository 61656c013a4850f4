"""``guatu reconcile``: for the operators who watch the cases in Temporal."""

from typing import TYPE_CHECKING

import typer

from guatu.commands.on_store import with_store

if TYPE_CHECKING:
    from store import Store


def reconcile() -> None:
    """Compare every open case with its workflow, and keep what differs: the wall says it; fails if anything does."""

    async def main(store: "Store") -> int:
        from activities.reconciliation import discrepancies
        from intake.engine import connect_temporal
        from petitions.discrepancies import DiscrepancyKind

        found = await discrepancies(store, await connect_temporal())
        kept = await store.keep_discrepancies(found, DiscrepancyKind)
        for each in found:
            typer.echo(each.line)
        for each in kept.gone:
            typer.echo(f"case {each.case_no}: no longer so: {each.what}")
        told = f"{len(found)} cases differ from Temporal, {len(kept.new)} of them since the last time"
        typer.echo(told if found else "open cases are as their workflows have them")
        return 1 if found else 0

    with_store(main)


def add_to(app: typer.Typer) -> None:
    """Make them commands of the application."""
    app.command()(reconcile)
