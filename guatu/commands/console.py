"""``guatu links`` and ``reconcile``: for the operators who watch the cases in Temporal (docs/console.md)."""

from typing import TYPE_CHECKING, Annotated

import typer

from guatu.commands.on_store import temporal, with_store

if TYPE_CHECKING:
    from temporalio.client import Client

    from store import Store


def links(
    office: Annotated[
        list[str] | None,
        typer.Option(help="An office's id, such as unit/西城街道办事处: what it is waited for. May be given again."),
    ] = None,
) -> None:
    """Print ready-made links into the Temporal UI, by the settings; with --office, of these offices."""
    from guatu.running import run_plainly

    def main() -> None:
        from activities.jurisdictions import Jurisdictions
        from api.settings import ApiSettings
        from guatu.errors import CommandError
        from guatu.links import Places, link_of_office, links_of_city_offices
        from guatu.links import links as links_for_everybody
        from guatu.settings import read_settings
        from worker.settings import WorkerSettings

        # Nothing is read from the database: the links follow from the settings alone.
        settings = read_settings(ApiSettings, database_url="")
        jurisdiction = Jurisdictions(settings.jurisdiction).get(None)
        wall = read_settings(WorkerSettings, database_url="").pages_url
        places = Places(str(settings.temporal_ui_url), settings.temporal_namespace, str(wall))
        titles = jurisdiction.titles()
        if unknown := [each for each in office or () if each not in titles]:
            raise CommandError(f"the jurisdiction {settings.jurisdiction!r} has no office {unknown[0]!r}")
        if office:
            found = [link_of_office(places, each, titles[each]) for each in office]
        else:
            found = [*links_for_everybody(places), *links_of_city_offices(places, jurisdiction)]
        for each in found:
            typer.echo(f"{each.label}\n  {each.address}")

    run_plainly(main)


def reconcile(
    histories: Annotated[
        bool,
        typer.Option("--histories", help="By the workflows' histories, which needs no worker, as after a restore."),
    ] = False,
    repair: Annotated[
        bool,
        typer.Option(
            "--repair",
            help="Put it right: write what the record lacks, start what Temporal has lost.",
        ),
    ] = False,
) -> None:
    """Compare every open case with its workflow, and keep what differs: the wall says it; fails if anything does."""

    async def main(store: "Store") -> int:
        client = await temporal()
        if repair:
            return await _repair(store, client)
        return await (_list_by_histories(store, client) if histories else _list_as_they_answer(store, client))

    with_store(main)


async def _list_as_they_answer(store: "Store", client: "Client") -> int:
    from activities.reconciliation import discrepancies
    from petitions.discrepancies import DiscrepancyKind

    found = await discrepancies(store, client)
    kept = await store.keep_discrepancies(found, DiscrepancyKind)
    for each in found:
        typer.echo(each.line)
    for each in kept.gone:
        typer.echo(f"case {each.case_no}: no longer so: {each.what}")
    told = f"{len(found)} cases differ from Temporal, {len(kept.new)} of them since the last time"
    typer.echo(told if found else "open cases are as their workflows have them")
    return 1 if found else 0


async def _list_by_histories(store: "Store", client: "Client") -> int:
    from guatu.reconciling import findings

    found = await findings(store, client)
    for finding in found:
        typer.echo(finding.line)
    closed = sum(not finding.can_be_repaired for finding in found)
    repaired = f"{len(found) - closed} right and leaves {closed} as they are" if closed else "them right"
    told = f"{len(found)} cases differ from Temporal: --repair puts {repaired}"
    typer.echo(told if found else "the record and the histories agree")
    return 1 if found else 0


async def _repair(store: "Store", client: "Client") -> int:
    from activities.reconciliation import LOOKED_FOR, discrepancies
    from guatu.reconciling import findings, repair

    found, left = await findings(store, client), 0
    for finding in found:
        steps = await repair(store, client, finding.case_no)
        for done in steps:
            typer.echo(done.line)
        left += any(not done.is_right for done in steps)
    # What the wall says of them is brought up to date, as far as it can be told without a worker.
    await store.keep_discrepancies(await discrepancies(store, client, asking=False), LOOKED_FOR)
    told = f"{len(found)} cases differed from Temporal: {len(found) - left} are put right, {left} are left"
    typer.echo(told if found else "the record and the histories agree")
    return 1 if left else 0


def add_to(app: typer.Typer) -> None:
    """Make them commands of the application."""
    app.command()(links)
    app.command()(reconcile)
