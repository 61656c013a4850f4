"""``guatu migrate``, ``figures``, ``verify``, ``rebuild`` and ``export``: what concerns the record."""

import asyncio
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from guatu.commands import heads as head_commands
from guatu.commands.on_store import temporal, with_store

if TYPE_CHECKING:
    from store import Store
    from store.audit import Difference


def _moment(text: str) -> datetime:
    """A moment of the command line, which must say its offset."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.utcoffset() is None:
        raise typer.BadParameter(f"{text!r} is not a moment with its offset, such as 2021-09-04T23:59:59+08:00")
    return moment


def migrate(
    application: Annotated[
        str | None,
        typer.Option(metavar="ROLE", help="Give this role what the application needs: of the record, adding alone."),
    ] = None,
) -> None:
    """Bring the database's schema up to this version, as the owner of its tables."""
    from guatu.running import run_until_interrupted
    from guatu.settings import read_settings
    from store import migrate as migrate_schema
    from store.settings import DatabaseSettings

    async def main(_stop: asyncio.Event) -> None:
        made = await migrate_schema(read_settings(DatabaseSettings).database_url, application)
        typer.echo("\n".join(f"migrated: {name}" for name in made) or "the schema is up to date")
        if application:
            typer.echo(f"{application} may add to the record and read it, and change nothing of it")

    run_until_interrupted(main)


def figures(
    at: Annotated[
        datetime | None,
        typer.Option(parser=_moment, help="As of this moment, such as 2021-09-04T23:59:59+08:00; default: now."),
    ] = None,
) -> None:
    """Print the figures as one line of JSON: received, concluded, starred, by county."""

    async def main(store: "Store") -> None:
        found = await store.figures(at or datetime.now(UTC))
        typer.echo(json.dumps(found.model_dump(), ensure_ascii=False))

    with_store(main)


def verify(
    file: Annotated[
        Path | None,
        typer.Argument(metavar="[FILE]", help="A case file, to be checked without a database; default: the record."),
    ] = None,
    heads: Annotated[
        Path | None, typer.Option("--heads", metavar="FILE", help="Compare with these exported heads as well.")
    ] = None,
    key: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The public key by which FILE, or the heads, must be signed.")
    ] = None,
) -> None:
    """Check the record, or a case file, for any changed, missing or added entry; fails if anything is wrong."""
    if file is not None:
        _verify_case_file(file, heads, key)
    _verify_record(heads, key)


def _verify_case_file(file: Path, heads: Path | None, key: Path | None) -> NoReturn:
    from guatu.running import run_plainly

    def main() -> int:
        from guatu.case_files import problems_of, read_case_file
        from guatu.head_files import read_heads, signature_problems
        from guatu.signatures import read_public_key

        public = read_public_key(key) if key else None
        exported = read_heads(heads) if heads else ()
        found, problems = read_case_file(file)
        problems += problems_of(found, public, exported)
        if public:
            problems += signature_problems(exported, public)
        covered = f"head {found.head.head.no} of {found.head.head.day}" if found.head else "no head"
        to = f" up to entry {found.head.tip.seq}" if found.head else ""
        signed = f"signed by {public.id}" if public else "signatures not checked (give --key)"
        typer.echo(f"case {found.case_no}: {len(found.entries)} entries; {covered} covers it{to}; {signed}", err=True)
        return _told([problem.line for problem in problems], "the case file is as it was written")

    run_plainly(main)


def _verify_record(heads: Path | None, key: Path | None) -> NoReturn:
    async def main(store: "Store") -> int:
        from guatu.errors import CommandError
        from guatu.head_files import read_heads, signature_problems
        from guatu.signatures import read_public_key
        from store.problems import REPAIR

        exported = read_heads(heads) if heads else ()
        if key and not heads:
            raise CommandError("--key checks signatures: give --heads FILE, or a case file, with it")
        public = read_public_key(key) if key else None
        if heads and public is None:
            typer.echo("the signatures of the heads are not checked: give --key", err=True)
        lines = [problem.line for problem in signature_problems(exported, public)] if public else []
        lines += [problem.line async for problem in store.verify()]
        lines += [problem.line async for problem in store.verify_reports()]
        lines += [problem.line async for problem in store.verify_heads()]
        if heads:
            lines += [problem.line async for problem in store.verify_exported([head.covering for head in exported])]
        lines += [f"{_told_difference(each)}; {REPAIR}" for each in await store.differences()]
        return _told(list(dict.fromkeys(lines)), "the record is as it was written")

    with_store(main)


def _told(lines: "Sequence[str]", all_is_well: str) -> int:
    for line in lines:
        typer.echo(line)
    typer.echo(f"{len(lines)} problems found" if lines else all_is_well)
    return 1 if lines else 0


def rebuild(
    repair: Annotated[bool, typer.Option("--repair", help="Mend the read model; the record is never touched.")] = False,
    against_temporal: Annotated[
        bool, typer.Option("--against-temporal", help="Compare open cases with what their workflows answer as well.")
    ] = False,
) -> None:
    """List where the read model is not what the record gives; fails if anything differs and is not mended."""

    async def main(store: "Store") -> int:
        found = await (store.rebuild() if repair else store.differences())
        for difference in found:
            typer.echo(_told_difference(difference))
        left = sum(not repair or not difference.can_be_mended for difference in found)
        if not found:
            typer.echo("the read model is as the record has it")
        elif repair:
            typer.echo(f"{len(found) - left} differences mended, {left} left: guatu verify says why")
        else:
            typer.echo(f"{len(found)} differences: guatu verify shows if the record is right, --repair mends the model")
        return 1 if left + (await _list_discrepancies(store) if against_temporal else 0) else 0

    with_store(main)


async def _list_discrepancies(store: "Store") -> int:
    from activities.reconciliation import discrepancies

    found = await discrepancies(store, await temporal())
    for each in found:
        typer.echo(each.line)
    typer.echo(f"{len(found)} cases differ from Temporal" if found else "open cases are as their workflows have them")
    return len(found)


def _told_difference(each: "Difference") -> str:
    return f"case {each.case_no}, read model, {each.column}: it has {each.stored}, the record gives {each.rebuilt}"


def export(
    case_no: Annotated[str, typer.Argument(metavar="CASE", help="The case number.")],
    file: Annotated[Path, typer.Argument(help="The file to write; one that is there is left as it is.")],
    key: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Sign it by this private key (guatu heads key new).")
    ] = None,
) -> None:
    """Write the whole of a case into one file (一案一档), which guatu verify FILE checks without a database."""

    async def main(store: "Store") -> None:
        from guatu.case_files import case_file, write_case_file
        from guatu.errors import CommandError
        from guatu.signatures import read_signing_key
        from petitions.hand_over import without_star

        signing = read_signing_key(key) if key else None
        number = without_star(case_no)
        proof = await store.head_proof(number)
        whole = await store.whole_case(number)
        if whole is None:
            raise CommandError(f"there is no case {number!r} on record")
        write_case_file(file, case_file(whole, proof, signing))
        typer.echo(f"case {number} is in {file}: {len(whole.entries)} entries, {len(whole.reports)} reports")
        if proof is None:
            typer.echo("no head covers it yet: guatu heads write", err=True)

    with_store(main)


def add_to(app: typer.Typer) -> None:
    """Make them commands of the application."""
    for command in (migrate, figures, verify, rebuild, export):
        app.command()(command)
    head_commands.add_to(app)
