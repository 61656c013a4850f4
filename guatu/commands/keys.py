"""``guatu keys``: issuing, listing and revoking the keys by which offices and intake systems are known."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

if TYPE_CHECKING:
    from api.access_settings import KeySettings
    from store import Store
    from store.api_keys import ApiKey

keys = typer.Typer(
    name="keys",
    help="Keys of offices and intake systems, for the HTTP API and the pages.",
    no_args_is_help=True,
)


@keys.command("issue")
def issue(
    label: Annotated[str, typer.Option(help="Whose key it is, such as '市信访局 张三'.")],
    office: Annotated[str | None, typer.Option(help="The office it speaks for, such as city/intake.")] = None,
    system: Annotated[str | None, typer.Option(help="Or the intake system that uses it, by a name of its own.")] = None,
    days: Annotated[int | None, typer.Option(min=1, max=3660, help="For how long it is good; default: no end.")] = None,
) -> None:
    """Issue a key and print it, once: it is kept nowhere. It is used as "Authorization: Bearer KEY"."""

    async def main(store: "Store", settings: "KeySettings") -> None:
        expires_at = datetime.now(UTC) + timedelta(days=days) if days else None
        pepper = settings.pepper()
        label_, office_, system_ = _checked(settings, label, office, system)
        key = await store.issue_key(label=label_, office=office_, system=system_, expires_at=expires_at, pepper=pepper)
        typer.echo(key)
        until = f"good until {expires_at:%Y-%m-%d %H:%M} UTC" if expires_at else "good until it is revoked"
        typer.echo(f"for {office_ or f'system {system_}'}, {label_}; {until}; it cannot be shown again", err=True)

    _with_store(main)


@keys.command("list")
def list_() -> None:
    """List every key that was ever issued: its id, whose it is, and how it stands with it."""

    async def main(store: "Store", settings: "KeySettings") -> None:
        found = await store.api_keys()
        mark, now = settings.pepper().mark, datetime.now(UTC)
        for key in found:
            typer.echo("  ".join((key.id, _stands(key, mark, now), key.office or f"system {key.system}", key.label)))
        if not found:
            typer.echo("no key was ever issued", err=True)

    _with_store(main)


@keys.command("revoke")
def revoke(
    given: Annotated[str, typer.Argument(metavar="ID", help="The key's id: its eight digits after guatu_.")],
    reason: Annotated[str, typer.Option(help="Why; kept with it.")],
) -> None:
    """Take a key out of use for good; every API process refuses it within 30 seconds."""

    async def main(store: "Store", _settings: "KeySettings") -> None:
        from guatu.errors import CommandError
        from store.api_keys import key_id as id_of

        # Somebody may give the key itself: it is shown no further.
        id_ = id_of(given) or given
        if not reason.strip():
            raise CommandError("--reason is empty: say why the key is revoked")
        if await store.revoke_key(id_, reason.strip()):
            typer.echo(f"{id_} is revoked; every API process refuses it within 30 seconds")
            return
        known = await store.api_key(id_)
        if known is None:
            raise CommandError(f"there is no key {id_!r}: give its id, the eight digits that `guatu keys list` shows")
        assert known.revoked_at is not None  # it was not revoked now, and it is there
        typer.echo(f"{id_} was revoked on {known.revoked_at:%Y-%m-%d %H:%M} UTC already: {known.revoked_why}")

    _with_store(main)


def _stands(key: "ApiKey", mark: str, now: datetime) -> str:
    ended = key.ended(now)
    if ended == "revoked":
        return f"revoked {key.revoked_at:%Y-%m-%d}: {key.revoked_why}"
    if ended:
        return f"expired {key.expires_at:%Y-%m-%d}"
    if key.pepper != mark:
        return "issued with another pepper"
    until = f"until {key.expires_at:%Y-%m-%d}" if key.expires_at else "no end"
    return f"good, {until}, " + (f"used {key.last_used_at:%Y-%m-%d %H:%M}" if key.last_used_at else "never used")


def _checked(
    settings: "KeySettings", label: str, office: str | None, system: str | None
) -> tuple[str, str | None, str | None]:
    """What was given, if it can be issued.

    Raises:
        CommandError: It cannot; the text says what to give.
        JurisdictionError: The jurisdiction file has mistakes.
        NoSuchJurisdictionError: There is none.
    """
    from difflib import get_close_matches

    from activities.jurisdictions import Jurisdictions
    from guatu.errors import CommandError
    from petitions.access import offices_of

    label, office, system = label.strip(), (office or "").strip() or None, (system or "").strip() or None
    if not label or len(label) > 200 or not label.isprintable():
        raise CommandError("--label must say whose key it is, in 1 to 200 printable characters")
    if (office is None) == (system is None):
        raise CommandError("give either --office or --system: a key is of an office or of an intake system")
    if system is not None and (len(system) > 100 or not system.isprintable()):
        raise CommandError("--system must be a name of 1 to 100 printable characters")
    if office is not None:
        jurisdiction = Jurisdictions(settings.jurisdiction).get(None)
        known = offices_of(jurisdiction)
        if office not in known:
            near = get_close_matches(office, known, n=3, cutoff=0.5)
            hint = f"did you mean {' or '.join(near)}?" if near else "an id reads like city/intake or unit/通川区商务局"
            raise CommandError(
                f"{jurisdiction.name} ({settings.jurisdiction}, GUATU_JURISDICTION) has no office {office!r}: {hint}"
            )
    return label, office, system


def add_to(app: typer.Typer) -> None:
    """Make them commands of the application."""
    app.add_typer(keys)


def _with_store(main: "Callable[[Store, KeySettings], Awaitable[None]]") -> NoReturn:
    from api.access_settings import KeySettings
    from guatu.running import run_until_interrupted
    from guatu.settings import read_settings
    from store import Store, open_pool
    from store.schema import require_schema

    async def on_store(_stop: asyncio.Event) -> None:
        settings = read_settings(KeySettings)
        async with open_pool(settings.database_url, max_size=2) as pool:
            await require_schema(pool)
            await main(Store(pool), settings)

    run_until_interrupted(on_store)
