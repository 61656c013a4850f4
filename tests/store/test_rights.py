"""The application may add to the record and read it; neither it nor, by trigger, the owner can take anything back."""

from collections.abc import Mapping

import asyncpg
import pytest

from store import SchemaError, Store, StoreMisconfiguredError, migrate, prepare_schema
from store.connection import Connection, Pool
from store.rights import RIGHTS
from tests.petitions.building import rectifying
from tests.store.planting import keep
from tests.store.servers import Server, as_role

_TABLES = """
SELECT class.relname AS name
FROM pg_class AS class
WHERE class.relnamespace = current_schema()::regnamespace AND class.relkind IN ('r', 'p')
"""
RECORD = ("case_event", "handling_report", "record_head", "record_head_tip", "refused_hand_over", "payload_look")
HARM: Mapping[str, str] = {
    "change": "UPDATE {table} SET {column} = {column}",
    "delete": "DELETE FROM {table}",
    "truncate": "TRUNCATE {table} CASCADE",
    "without triggers": "ALTER TABLE {table} DISABLE TRIGGER ALL",
    "drop": "DROP TABLE {table}",
}


async def test_every_table_has_its_rights(admin: Connection) -> None:
    tables = {row["name"] for row in await admin.fetch(_TABLES)}
    assert tables == RIGHTS.keys(), "a table that is new, or gone: say in store/rights.py what the application may do"


@pytest.mark.parametrize("table", RECORD)
@pytest.mark.parametrize("harm", HARM)
async def test_the_application_can_only_add_to_the_record(
    store: Store, pool: Pool, admin: Connection, table: str, harm: str
) -> None:
    await keep(store, rectifying(case_no="X1"))
    (column, *_) = await admin.fetchrow(
        "SELECT column_name FROM information_schema.columns WHERE table_name = $1 ORDER BY ordinal_position DESC", table
    ) or ("",)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await pool.execute(HARM[harm].format(table=table, column=column))


@pytest.mark.parametrize("harm", ["change", "delete", "truncate"])
@pytest.mark.parametrize("table", ["case_event", "handling_report", "record_head", "record_head_tip", "payload_look"])
async def test_a_trigger_refuses_the_owner(admin: Connection, table: str, harm: str) -> None:
    column = await admin.fetchval(
        "SELECT column_name FROM information_schema.columns WHERE table_name = $1 ORDER BY ordinal_position DESC", table
    )
    with pytest.raises(asyncpg.RestrictViolationError):
        await admin.execute(HARM[harm].format(table=table, column=column))


async def test_the_application_cannot_pass_over_triggers_or_take_another_role(pool: Pool) -> None:
    for attempt in ("SET session_replication_role = replica", "SET ROLE postgres", "CREATE TABLE public.mine ()"):
        with pytest.raises(asyncpg.PostgresError) as refused:
            await pool.execute(attempt)
        assert isinstance(refused.value, asyncpg.InsufficientPrivilegeError | asyncpg.InvalidParameterValueError)


async def test_rights_that_were_given_beside_are_taken_away(
    database: str, admin: Connection, application: str, pool: Pool
) -> None:
    await admin.execute(f"GRANT ALL ON ALL TABLES IN SCHEMA public TO {application}")
    await migrate(database, application)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await pool.execute("DELETE FROM case_event")


async def test_roles_that_rights_do_not_bind_are_refused(server: Server, empty_database: str) -> None:
    with pytest.raises(StoreMisconfiguredError, match="no role 'nobody-here': make it first"):
        await migrate(empty_database, "nobody-here")
    with pytest.raises(StoreMisconfiguredError, match="is a superuser, so rights do not bind it"):
        await migrate(empty_database, "postgres")
    await server.execute("CREATE ROLE guatu_test_owner LOGIN")
    try:
        connection: Connection = await asyncpg.connect(empty_database)
        await connection.execute("GRANT CREATE ON SCHEMA public TO guatu_test_owner")
        await connection.close()
        owned = as_role(empty_database, "guatu_test_owner")
        await migrate(owned)
        with pytest.raises(StoreMisconfiguredError, match="owns the tables, or may act as their owner"):
            await migrate(owned, "guatu_test_owner")
    finally:
        connection = await asyncpg.connect(empty_database)
        await connection.execute("DROP OWNED BY guatu_test_owner CASCADE")
        await connection.close()
        await server.execute("DROP ROLE guatu_test_owner")


async def test_a_process_of_the_application_does_not_migrate(
    empty_database: str, application: str, database: str
) -> None:
    assert await prepare_schema(as_role(database, application)) == ()
    with pytest.raises(SchemaError, match="run guatu migrate as the tables' owner"):
        await prepare_schema(as_role(empty_database, application))
    with pytest.raises(StoreMisconfiguredError, match="this role may not migrate"):
        await migrate(as_role(empty_database, application))
