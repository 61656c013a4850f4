"""Complainants' details are sealed once, open only with a look on record, and survive the rotation of keys."""

import asyncio
import json
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from intake.complainants import Rewrapped, Sealed, SealedComplainants, SealingUnavailableError
from petitions.complainant import Complainant
from sealing.ciphers import CipherName
from sealing.key_file import KeyFile, add_master_key
from sealing.settings import SealingSettings
from store import Store, StoreAwayError
from store.complainants import WrittenLook
from store.connection import Connection

WANG = Complainant(anonymous=False, name="王秘密", telephone="13800001111", address="通川区密巷7号")
NEEDLES = ("王秘密", "13800001111", "密巷7号")
UNKNOWN = Complainant(anonymous=True)


@pytest.fixture
def complainants(store: Store, key_file: KeyFile) -> SealedComplainants:
    return SealedComplainants(store, key_file)


async def looked(complainants: SealedComplainants, case_no: str = "X1") -> Complainant | None:
    return await complainants.look(
        case_no, caller_id="key:1", office="city/intake", name="李受理", purpose="电话回访", request_id="r2"
    )


async def looks(store: Store) -> list[tuple[str, str, bool]]:
    return [(each.case_no, each.kind.value, each.given) for each in reversed(await store.complainant_looks())]


@pytest.mark.parametrize("cipher", list(CipherName))
async def test_what_is_sealed_is_given_back_with_a_look_on_record(
    store: Store, key_file: KeyFile, cipher: CipherName
) -> None:
    complainants = SealedComplainants(store, key_file, cipher)
    assert await complainants.seal("X1", WANG, "r1") is Sealed.NEW
    assert await looks(store) == []
    assert await looked(complainants) == WANG
    [look] = await store.complainant_looks("X1")
    expected = {
        "case_no": "X1",
        "kind": "look",
        "given": True,
        "caller_id": "key:1",
        "office": "city/intake",
        "name": "李受理",
        "purpose": "电话回访",
        "request_id": "r2",
        "note": None,
    }
    assert expected.items() <= look.model_dump(mode="json").items()
    # What is sealed opens by its own cipher, whichever is set today.
    for other in CipherName:
        assert await looked(SealedComplainants(store, key_file, other)) == WANG


async def test_a_look_at_nothing_is_on_record_too(store: Store, complainants: SealedComplainants) -> None:
    assert await looked(complainants, "X9") is None
    assert await looks(store) == [("X9", "look", False)]


@pytest.mark.parametrize("missing", ["caller_id", "office", "name", "purpose"])
async def test_a_look_needs_somebody_and_a_purpose(
    store: Store, complainants: SealedComplainants, missing: str
) -> None:
    await complainants.seal("X1", WANG, None)
    who = {"caller_id": "key:1", "office": "city/intake", "name": "李受理", "purpose": "回访"} | {missing: "　"}
    with pytest.raises(ValueError, match="needs the caller"):
        await complainants.look("X1", **who, request_id=None)
    assert await looks(store) == []


async def test_the_same_again_is_recognised_and_others_are_told_apart(
    store: Store, complainants: SealedComplainants
) -> None:
    assert await complainants.seal("X1", WANG, "r1") is Sealed.NEW
    alike = Complainant(anonymous=False, name="王 秘密", telephone="１３８-0000 1111", address="通川区密巷７号 ")
    assert await complainants.seal("X1", WANG, "r2") is Sealed.SAME
    assert await complainants.seal("X1", alike, "r3") is Sealed.SAME
    others = (
        UNKNOWN,
        WANG.model_copy(update={"name": None}),
        WANG.model_copy(update={"telephone": "13800001112"}),
        WANG.model_copy(update={"name": WANG.address, "address": WANG.name}),
    )
    for other in others:
        assert await complainants.seal("X1", other, "r4") is Sealed.OTHER
    assert await looked(complainants) == WANG, "what was sealed first stays"
    assert await complainants.seal("X2", WANG, "r5") is Sealed.NEW


async def test_of_many_at_once_one_is_new(complainants: SealedComplainants) -> None:
    done = await asyncio.gather(*(complainants.seal("X1", WANG, f"r{number}") for number in range(20)))
    assert sorted(each.value for each in done) == ["new"] + ["same"] * 19


words = st.none() | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=50)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=words, telephone=words, address=words, cipher=st.sampled_from(CipherName), number=st.integers(0, 10**18))
async def test_whatever_is_sealed_is_given_back(
    store: Store,
    key_file: KeyFile,
    name: str | None,
    telephone: str | None,
    address: str | None,
    cipher: CipherName,
    number: int,
) -> None:
    given = Complainant(anonymous=False, name=name, telephone=telephone, address=address)
    complainants = SealedComplainants(store, key_file, cipher)
    case_no = f"P{number}"
    if await complainants.seal(case_no, given, None) is Sealed.NEW:
        assert await looked(complainants, case_no) == given
        assert await complainants.seal(case_no, given, None) is Sealed.SAME


async def test_nothing_stands_in_plain_and_nothing_tells_who_is_alike(
    complainants: SealedComplainants, admin: Connection
) -> None:
    for case_no, who in (("X1", WANG), ("X2", WANG), ("X3", UNKNOWN)):
        await complainants.seal(case_no, who, None)
    rows = await admin.fetch("SELECT * FROM complainant ORDER BY case_no")
    for needle in NEEDLES:
        assert all(needle.encode() not in bytes(str(row), "utf-8") + row["sealed"] for row in rows)
    for column in ("wrapped_key", "nonce", "sealed", "content_tag"):
        assert len({row[column] for row in rows}) == 3, f"{column} tells who is alike"
    assert len({len(row["sealed"]) for row in rows}) == 1, "the length tells who is anonymous"


# --- what is not as it was ---


@asynccontextmanager
async def unguarded(admin: Connection) -> AsyncGenerator[None]:
    """As a superuser can who switches the triggers off."""
    await admin.execute("ALTER TABLE complainant DISABLE TRIGGER USER")
    yield
    await admin.execute("ALTER TABLE complainant ENABLE TRIGGER USER")


HARMS = {
    "a bit of the content": "UPDATE complainant SET sealed = set_bit(sealed, 9, 1 - get_bit(sealed, 9))",
    "a bit of the nonce": "UPDATE complainant SET nonce = set_bit(nonce, 9, 1 - get_bit(nonce, 9))",
    "a bit of the key": "UPDATE complainant SET wrapped_key = set_bit(wrapped_key, 9, 1 - get_bit(wrapped_key, 9))",
    "a bit of the tag": "UPDATE complainant SET content_tag = set_bit(content_tag, 9, 1 - get_bit(content_tag, 9))",
    "the cipher": "UPDATE complainant SET cipher = 'sm4-gcm'",
    "a cipher that is none": "UPDATE complainant SET cipher = 'rot13'",
    "the key's name": "UPDATE complainant SET key_id = 'other'",
    "the case": "UPDATE complainant SET case_no = CASE case_no WHEN 'X1' THEN 'X2' ELSE 'X1' END",
    "another case's content": """
        UPDATE complainant SET nonce = other.nonce, sealed = other.sealed, content_tag = other.content_tag
        FROM complainant other WHERE other.case_no <> complainant.case_no
    """,
    "another case's key": """
        UPDATE complainant SET wrapped_key = other.wrapped_key
        FROM complainant other WHERE other.case_no <> complainant.case_no
    """,
    "all of another case": """
        UPDATE complainant SET wrapped_key = other.wrapped_key, nonce = other.nonce, sealed = other.sealed,
            content_tag = other.content_tag
        FROM complainant other WHERE other.case_no <> complainant.case_no
    """,
}


@pytest.mark.parametrize("harm", HARMS.values(), ids=HARMS)
async def test_what_was_changed_does_not_open_and_that_is_on_record(
    store: Store, complainants: SealedComplainants, admin: Connection, harm: str
) -> None:
    await complainants.seal("X1", WANG, None)
    await complainants.seal("X2", UNKNOWN, None)
    async with unguarded(admin):
        # The case number is a key: exchanged at once it would be there twice for a moment.
        await admin.execute("ALTER TABLE complainant DROP CONSTRAINT complainant_pkey")
        assert await admin.execute(harm) == "UPDATE 2"
        await admin.execute("ALTER TABLE complainant ADD PRIMARY KEY (case_no)")
    with capture_logs() as logged, pytest.raises(SealingUnavailableError) as refused:
        await looked(complainants)
    assert await looks(store) == [("X1", "failed", False)]
    [failed] = await store.complainant_looks()
    assert (failed.name, failed.purpose, failed.note) == ("李受理", "电话回访", str(refused.value))
    told = f"{refused.value!r} {logged} {failed}"
    assert not [needle for needle in NEEDLES if needle in told]
    assert [entry["log_level"] for entry in logged] == ["error"]


async def test_a_repeat_of_what_does_not_open_any_more_is_no_same_and_no_other(
    store: Store, complainants: SealedComplainants, admin: Connection
) -> None:
    await complainants.seal("X1", WANG, None)
    await admin.execute("UPDATE complainant SET wrapped_key = '\\x00'")
    with pytest.raises(SealingUnavailableError, match="does not open"):
        await complainants.seal("X1", WANG, "r7")
    assert await looks(store) == [("X1", "failed", False)]


async def test_without_a_key_file_nothing_is_sealed_or_opened(store: Store, complainants: SealedComplainants) -> None:
    without = SealedComplainants.of_settings(store, SealingSettings(master_key_file=None))
    for attempt in (without.seal("X1", WANG, None), without.rewrap_all()):
        with pytest.raises(SealingUnavailableError, match="GUATU_MASTER_KEY_FILE"):
            await attempt
    assert "GUATU_MASTER_KEY_FILE" in str(without.fault())
    assert complainants.fault() is None
    assert await looked(without) is None
    await complainants.seal("X1", WANG, None)
    with pytest.raises(SealingUnavailableError, match="GUATU_MASTER_KEY_FILE"):
        await looked(without)
    assert await looks(store) == [("X1", "look", False), ("X1", "failed", False)]


async def test_a_key_file_that_is_wrong_is_told(store: Store, complainants: SealedComplainants, key_path: Path) -> None:
    await complainants.seal("X1", WANG, None)
    await asyncio.to_thread(key_path.chmod, 0o644)
    assert "mode 0644" in str(complainants.fault())
    with pytest.raises(SealingUnavailableError, match="mode 0644"):
        await looked(complainants)
    with pytest.raises(SealingUnavailableError, match="mode 0644"):
        await complainants.seal("X2", WANG, None)
    with pytest.raises(SealingUnavailableError, match="mode 0644"):
        SealedComplainants.of_settings(store, SealingSettings(master_key_file=key_path))
    await asyncio.to_thread(key_path.chmod, 0o600)
    assert await looked(complainants) == WANG


# --- the look comes first ---


async def refuse_looks(admin: Connection) -> None:
    await admin.execute("""
        CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE disk_full; END';
        CREATE TRIGGER refuse BEFORE INSERT ON complainant_look FOR EACH ROW EXECUTE FUNCTION refuse();
    """)


async def refuse_at_commit(admin: Connection) -> None:
    await admin.execute("""
        CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE disk_full; END';
        CREATE CONSTRAINT TRIGGER refuse AFTER INSERT ON complainant_look
            DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION refuse();
    """)


@pytest.mark.parametrize("harm", [refuse_looks, refuse_at_commit])
async def test_a_look_that_cannot_be_written_gives_nothing(
    store: Store, complainants: SealedComplainants, admin: Connection, harm: Callable[[Connection], Awaitable[None]]
) -> None:
    await complainants.seal("X1", WANG, None)
    await harm(admin)
    with pytest.raises(StoreAwayError) as refused:
        await looked(complainants)
    assert not [needle for needle in NEEDLES if needle in str(refused.value)]
    assert await looks(store) == []


# --- rotation ---


async def test_a_rotation_lets_the_old_key_go(
    store: Store, complainants: SealedComplainants, key_path: Path, admin: Connection
) -> None:
    for number in range(7):
        await SealedComplainants(store, KeyFile(key_path), list(CipherName)[number % 2]).seal(f"X{number}", WANG, None)
    before = await admin.fetch("SELECT case_no, nonce, sealed, content_tag, sealed_at FROM complainant")
    old, new = KeyFile(key_path).keys().active, add_master_key(key_path)
    assert await complainants.rewrap_all() == Rewrapped(7, 7, ())
    assert await complainants.rewrap_all() == Rewrapped(0, 7, ())
    assert await admin.fetch("SELECT case_no, nonce, sealed, content_tag, sealed_at FROM complainant") == before
    events: list[WrittenLook] = await store.complainant_looks()
    assert {(each.kind.value, each.note) for each in events} == {("rewrapped", f"{old} -> {new}")}
    assert sorted(each.case_no for each in events) == [f"X{number}" for number in range(7)]
    _drop(key_path, old)
    for number in range(7):
        assert await looked(complainants, f"X{number}") == WANG
        assert await complainants.seal(f"X{number}", WANG, None) is Sealed.SAME


def _drop(key_path: Path, key_id: str) -> None:
    kept = json.loads(key_path.read_text(encoding="utf-8"))
    del kept["keys"][key_id]
    key_path.write_text(json.dumps(kept), encoding="utf-8")


async def test_a_rotation_that_was_cut_off_goes_on(
    store: Store, complainants: SealedComplainants, key_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(5):
        await complainants.seal(f"X{number}", WANG, None)
    new = add_master_key(key_path)
    done = 0
    rewrap = Store.rewrap_complainant

    async def cut_off(self: Store, *given: object) -> bool:
        nonlocal done
        done += 1
        if done > 2:
            raise StoreAwayError("gone")
        return await rewrap(self, *given)  # pyright: ignore[reportArgumentType] - passed on as they came

    with monkeypatch.context() as now:
        now.setattr(Store, "rewrap_complainant", cut_off)
        with pytest.raises(StoreAwayError):
            await complainants.rewrap_all()
    assert await store.wrapped_by(new) == 2
    assert await looked(complainants, "X4") == WANG, "both keys open until it is done"
    assert await complainants.rewrap_all() == Rewrapped(3, 5, ())


async def test_two_rotations_at_once_do_it_once(store: Store, complainants: SealedComplainants, key_path: Path) -> None:
    for number in range(10):
        await complainants.seal(f"X{number}", WANG, None)
    add_master_key(key_path)
    one, other = await asyncio.gather(complainants.rewrap_all(), complainants.rewrap_all())
    assert one.rewrapped + other.rewrapped == 10
    assert len(await looks(store)) == 10


async def test_a_rotation_passes_over_what_does_not_open(
    store: Store, complainants: SealedComplainants, key_path: Path, admin: Connection
) -> None:
    for number in range(4):
        await complainants.seal(f"X{number}", WANG, None)
    await admin.execute("UPDATE complainant SET key_id = 'lost' WHERE case_no = 'X1'")
    await admin.execute("UPDATE complainant SET wrapped_key = '\\x00' WHERE case_no = 'X2'")
    add_master_key(key_path)
    assert await complainants.rewrap_all() == Rewrapped(2, 2, ("X1", "X2"))
    assert [each for each in await looks(store) if each[1] == "failed"] == [
        ("X1", "failed", False),
        ("X2", "failed", False),
    ]


async def test_a_rotation_goes_over_many_pages(store: Store, complainants: SealedComplainants, key_path: Path) -> None:
    for number in range(230):
        await complainants.seal(f"X{number}", UNKNOWN, None)
    add_master_key(key_path)
    assert await complainants.rewrap_all() == Rewrapped(230, 230, ())


async def test_no_log_says_anything(
    store: Store, complainants: SealedComplainants, key_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG), capture_logs() as logged:
        await complainants.seal("X1", WANG, "r1")
        await complainants.seal("X1", UNKNOWN, "r1")
        await looked(complainants)
        await asyncio.to_thread(key_path.unlink)
        with pytest.raises(SealingUnavailableError):
            await looked(complainants)
    told = caplog.text + str(logged) + str(await store.complainant_looks())
    assert logged, "the failure is not told"
    assert not [needle for needle in NEEDLES if needle in told]
