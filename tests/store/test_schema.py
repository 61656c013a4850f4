"""Migrations: forward only, one migrator at a time, and no work on a schema that this version does not know."""

import asyncio
from hashlib import sha256

import asyncpg
import pytest

from store import SchemaError, Store, StoreMisconfiguredError, migrate, open_pool, prepare_schema, schema, schema_state
from store.connection import Connection, Pool
from store.schema import Migration, migrations, require_schema
from tests.store.servers import Server

RELEASED = {
    "0001_record": "68d6b12116efd7d7",
    "0002_read_model": "19ed630d1f88904e",
    "0003_ledger_and_reports": "2d54cab8f8d22f94",
    "0004_access": "348870d86ea927a2",
    "0005_complainants": "8e61639494b462f7",
    "0006_requests": "3d4b78a79b37743c",
    "0007_desk": "ed2d6531aa11fea7",
    "0008_wall": "8fa3dfa2336abaa5",
    "0010_heads": "cbfe0182b14dec01",
    "0009_payload_looks": "6e4f70c0e965bd56",
    "0011_discrepancies": "0431b8d1155406d6",
    "0012_desk_subject": "29b4bad88de5c785",
    "0013_wall_closed": "2500fb04a8f972bd",
    "0014_merged_cases": "b68d76c525310961",
    "0015_wall_moments": "1b9356f68f822cb7",
}
"""SHA-256 (its first 16 digits) of every migration that is out."""


def test_released_migrations_stay_as_they_are() -> None:
    found = {migration.name: migration.sha256.hex()[:16] for migration in migrations()}
    for name, digest in RELEASED.items():
        assert found.get(name) == digest, (
            f"migration {name} has changed: databases that have it would refuse to start. Take the change back and "
            "write it as the next migration."
        )
    new = sorted(found.keys() - RELEASED.keys())
    assert not new, f"add to RELEASED: { ({name: found[name] for name in new}) }"


def test_versions_have_no_gap() -> None:
    assert [migration.version for migration in migrations()] == list(range(1, len(migrations()) + 1))


async def test_migrating_twice_does_it_once(empty_database: str) -> None:
    assert await migrate(empty_database) == tuple(migration.name for migration in migrations())
    assert await migrate(empty_database) == ()
    assert await prepare_schema(empty_database) == ()


async def test_of_several_migrators_one_does_it_and_the_others_wait(empty_database: str) -> None:
    done = await asyncio.gather(migrate(empty_database), *(prepare_schema(empty_database) for _ in range(3)))
    assert sorted(len(names) for names in done) == [0, 0, 0, len(migrations())]


async def test_a_migrator_waits_for_the_lock(empty_database: str) -> None:
    other: Connection = await asyncpg.connect(empty_database)
    try:
        held = other.transaction()
        await held.start()
        await other.execute("SELECT pg_advisory_xact_lock($1)", int.from_bytes(b"guatu"))
        migrating = asyncio.create_task(migrate(empty_database))
        waits = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
        while await other.fetchval(waits) == 0:
            assert not migrating.done(), "it did not wait"
            await asyncio.sleep(0.01)
        await held.rollback()
        assert len(await migrating) == len(migrations())
    finally:
        await other.close()


async def test_a_newer_schema_is_refused_and_left_alone(database: str, pool: Pool, admin: Connection) -> None:
    newer = len(migrations()) + 1
    await admin.execute("INSERT INTO schema_migration VALUES ($1, 'of_tomorrow', '\\x00')", newer)
    found = await schema_state(pool)
    assert (found.state, found.found, found.known) == ("unknown", newer, newer - 1)
    for attempt in (migrate(database), prepare_schema(database), require_schema(pool)):
        with pytest.raises(SchemaError, match=f"schema {newer}, made by a newer version.*up to {newer - 1}"):
            await attempt
    assert await Store(pool).fault() == found.reason


@pytest.mark.parametrize(
    "harm",
    [
        "UPDATE schema_migration SET sha256 = '\\x00' WHERE version = 2",
        "DELETE FROM schema_migration WHERE version = 2",
    ],
)
async def test_a_schema_of_another_line_is_refused(database: str, admin: Connection, harm: str) -> None:
    await admin.execute(harm)
    with pytest.raises(SchemaError, match="migration 0002_read_model is not the one"):
        await migrate(database)


async def test_a_schema_that_is_behind_is_told_and_brought_up(
    empty_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    all_of_them = migrations()
    async with open_pool(empty_database) as pool:
        assert (await schema_state(pool)).state == "behind"
        assert "run guatu migrate" in str(await Store(pool).fault())
        with monkeypatch.context() as yesterday:
            yesterday.setattr(schema, "migrations", lambda: all_of_them[:1])
            assert await migrate(empty_database) == (all_of_them[0].name,)
            assert (await schema_state(pool)).state == "current"
        found = await schema_state(pool)
        assert (found.state, found.found, found.known) == ("behind", 1, len(all_of_them))
        with pytest.raises(SchemaError, match="run guatu migrate"):
            await require_schema(pool)
        assert len(await prepare_schema(empty_database)) == len(all_of_them) - 1
        await require_schema(pool)
        assert await Store(pool).fault() is None


@pytest.mark.parametrize(("said", "state"), [(0, "ahead"), (1, "unknown"), (None, "unknown")])
async def test_a_version_works_with_what_a_newer_one_has_left_fit_for_it(
    empty_database: str, monkeypatch: pytest.MonkeyPatch, said: int | None, state: str
) -> None:
    """As while an upgrade is rolled out: a worker of the version before is started once more."""
    ours = migrations()
    number = len(ours) + 1
    header = "" if said is None else f"-- oldest: {len(ours) + said:04d}\n"
    newer = Migration(number, f"{number:04d}_more", f"{header}CREATE TABLE more ();")
    with monkeypatch.context() as tomorrow:
        tomorrow.setattr(schema, "migrations", lambda: (*ours, newer))
        assert (await migrate(empty_database))[-1] == newer.name
    async with open_pool(empty_database) as pool:
        found = await schema_state(pool)
        assert (found.state, found.found, found.known) == (state, number, len(ours))
        if state == "unknown":
            with pytest.raises(SchemaError, match="made by a newer version"):
                await prepare_schema(empty_database)
            return
        assert await Store(pool).fault() is None
        await require_schema(pool)
        assert await prepare_schema(empty_database) == ()
        assert await migrate(empty_database) == ()


async def test_what_was_migrated_before_it_was_said_how_old_a_version_may_be_is_read_as_before(
    empty_database: str,
) -> None:
    await migrate(empty_database)
    connection: Connection = await asyncpg.connect(empty_database)
    await connection.execute("ALTER TABLE schema_migration DROP COLUMN oldest")
    await connection.close()
    async with open_pool(empty_database) as pool:
        assert (await schema_state(pool)).state == "current"
    assert await migrate(empty_database) == ()


async def test_a_migration_that_fails_leaves_nothing(empty_database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    good, bad = Migration(1, "0001_good", "CREATE TABLE good ();"), Migration(2, "0002_bad", "CREATE TABLE good ();")
    monkeypatch.setattr(schema, "migrations", lambda: (good, bad))
    with pytest.raises(SchemaError, match=r'0002_bad failed, and nothing has been changed: relation "good" already'):
        await migrate(empty_database)
    connection: Connection = await asyncpg.connect(empty_database)
    assert await connection.fetchval("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == 0
    await connection.close()


async def test_a_database_that_cannot_hold_chinese_is_refused(server: Server) -> None:
    async with server.database("ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0") as url:
        with pytest.raises(StoreMisconfiguredError, match="LATIN1"):
            await migrate(url)


async def test_working_on_an_empty_database_says_what_to_do(empty_database: str) -> None:
    async with open_pool(empty_database) as pool:
        with pytest.raises(SchemaError, match="run guatu migrate"):
            await Store(pool).record("X1", [])


async def test_the_digest_is_of_the_text() -> None:
    assert Migration(1, "any", "SELECT 1").sha256 == sha256(b"SELECT 1").digest()
