"""What the application may do with each table: of the record, add to it and read it; nothing that takes back.

The application's role owns nothing, so the triggers that refuse every change cannot be switched off by it either.
``guatu migrate --application ROLE`` gives it these rights, as the tables' owner, after every migration anew.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from store import queries
from store.connection import Connection
from store.errors import StoreMisconfiguredError

_SQL = queries.load("rights")
_ROLE, _STATEMENTS = _SQL["role"], _SQL["statements"]

_ADDED = "SELECT, INSERT"
_CHANGED = "SELECT, INSERT, UPDATE"
_PASSING = "SELECT, INSERT, UPDATE, DELETE"

RIGHTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "schema_migration": "SELECT",
        # The record, and what is kept with it for ever.
        "case_event": _ADDED,
        "handling_report": _ADDED,
        "record_head": _ADDED,
        "record_head_tip": _ADDED,
        "refused_hand_over": _ADDED,
        "complainant_look": _ADDED,
        "payload_look": _ADDED,
        # Its content stays too; a rotation of the master key changes by what it is wrapped.
        "complainant": "SELECT, INSERT, UPDATE (key_id, wrapped_key)",
        "discrepancy": "SELECT, INSERT, UPDATE (what, seen_at, gone_at)",
        "attachment": _ADDED,
        "case_attachment": _ADDED,
        # The read model, which is made from the record, and can be made anew.
        "petition_case": _PASSING,
        "waiting": _PASSING,
        # What has a state.
        "notice": _CHANGED,
        "api_key": _CHANGED,
        # What passes.
        "desk_session": _PASSING,
        "desk_draft": _PASSING,
        "answered_request": _PASSING,
    }
)
"""Every table with the rights of the application; a test holds it to be all of them."""


async def give_rights(connection: Connection, role: str) -> None:
    """Give a role the application's rights and take all others from it, in the transaction that is under way.

    Args:
        connection: By the tables' owner.
        role: The application's.

    Raises:
        StoreMisconfiguredError: There is no such role, or rights would not bind it.
    """
    found = await connection.fetchrow(*_ROLE(role=role))
    if found is None:
        raise StoreMisconfiguredError(
            f"Postgres has no role {role!r}: make it first (CREATE ROLE … LOGIN), with a password or as pg_hba asks"
        )
    if found["is_superuser"] or found["is_owner"]:
        what = "is a superuser" if found["is_superuser"] else "owns the tables, or may act as their owner"
        raise StoreMisconfiguredError(
            f"the role {role!r} {what}, so rights do not bind it: the application needs a role of its own"
        )
    statements = await connection.fetch(*_STATEMENTS(role=role, tables=[*RIGHTS], rights=[*RIGHTS.values()]))
    for row in statements:
        await connection.execute(row["statement"])
