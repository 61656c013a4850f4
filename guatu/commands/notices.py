"""``guatu notices``: what could not be delivered, and sending it again."""

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from petitions.notices import NoticeState
    from store.notices import LedgerNotice

notices = typer.Typer(
    name="notices",
    help="Notices that are not out: waiting, failed, or given up.",
    no_args_is_help=True,
)

_Office = Annotated[str | None, typer.Option(help="Only those to this office, such as unit/通川区商务局.")]


@notices.command("list")
def list_(
    office: _Office = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many at the most.")] = 200,
) -> None:
    """List the notices that have an address and are not out, the oldest first: key, state, attempts, and why."""
    from guatu.commands.on_store import with_store
    from guatu.errors import CommandError
    from store import Store

    async def main(store: Store) -> None:
        found = await store.undelivered(limit, office=office)
        for notice in found:
            typer.echo("  ".join(_line(notice)))
        if found:
            return
        arisen = await store.notices_by_state(office)
        if office and not arisen:
            raise CommandError(_none_to(office))
        typer.echo(_nothing_waits(arisen), err=True)

    with_store(main)


@notices.command("resend")
def resend(
    keys: Annotated[list[str] | None, typer.Argument(metavar="KEY...", help="Keys, as `list` shows them.")] = None,
    office: _Office = None,
    everything: Annotated[bool, typer.Option("--all", help="All that failed, or wait.")] = False,
) -> None:
    """Lay notices into their offices' trays once more; what is on its way or out is not sent twice for that."""
    from guatu.errors import CommandError
    from guatu.running import run_until_interrupted

    async def main(_stop: asyncio.Event) -> None:
        from activities.jurisdictions import Jurisdictions
        from guatu.resending import resend as hand_over_again
        from guatu.settings import read_settings
        from intake.engine import connect_temporal
        from petitions.notices import NoticeState
        from store import Store, open_pool
        from worker.settings import WorkerSettings

        if not keys and not office and not everything:
            raise CommandError("say which: keys as `guatu notices list` shows them, --office OFFICE, or --all")
        settings = read_settings(WorkerSettings)
        client = await connect_temporal(settings=settings)
        async with open_pool(settings.database_url, max_size=2) as pool:
            store = Store(pool)
            lost = await store.undelivered(None, office=office, keys=keys or None)
            if office and not lost and not await store.notices_by_state(office):
                raise CommandError(_none_to(office))
            if missing := sorted(set(keys or ()) - {notice.key for notice in lost}):
                raise CommandError(
                    f"not among those that are not out: {', '.join(missing)}; `guatu notices list` shows them"
                )
            outcomes, untold = await hand_over_again(store, client, Jurisdictions(settings.jurisdiction), lost)
        failed = [outcome for outcome in outcomes if outcome.state is NoticeState.FAILED]
        for outcome in failed:
            typer.echo(f"{outcome.key}: {outcome.error}", err=True)
        for key in untold:
            typer.echo(f"{key}: its case's record does not tell it (any more)", err=True)
        typer.echo(f"{len(outcomes) - len(failed)} notices lie in their offices' trays again")
        if failed:
            raise CommandError(f"{len(failed)} could not be handed over: is the Temporal server well?")

    run_until_interrupted(main)


def _none_to(office: str) -> str:
    return f"no notice to {office!r} has ever arisen: is this the office's id, as its cases and its desk show it?"


def _nothing_waits(arisen: "Mapping[NoticeState, int]") -> str:
    """What is said where no notice waits: that all are out, or that some have nowhere to go to."""
    from petitions.notices import NoticeState

    without = arisen.get(NoticeState.LEDGER, 0)
    if not without:
        return "every notice is out"
    return (
        f"every notice that has an address is out ({arisen.get(NoticeState.SENT, 0)}); {without} have none, and are in "
        "the ledger alone: addresses stand in the jurisdiction file"
    )


def _line(notice: "LedgerNotice") -> tuple[str, ...]:
    return (
        notice.key,
        notice.state.value,
        f"{notice.attempts} attempts",
        f"since {notice.created_at:%Y-%m-%d %H:%M %z}",
        notice.title,
        notice.last_error or "",
    )


def add_to(app: typer.Typer) -> None:
    """Make them commands of the application."""
    app.add_typer(notices)
