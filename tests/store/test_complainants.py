"""Sealed details are kept once and for ever, and what was written of looks at them is never changed."""

import asyncpg
import pytest

from store import Store
from store.complainants import Look, LookKind, SealedDetails
from store.connection import Connection

LOOK = Look(
    case_no="X1",
    kind=LookKind.LOOK,
    given=True,
    caller_id="key:1",
    office="city/intake",
    name="李受理",
    purpose="回访核实",
    request_id="r1",
)


def details(case_no: str = "X1", **changes: object) -> SealedDetails:
    given: dict[str, object] = {
        "case_no": case_no,
        "cipher": "aes-256-gcm",
        "key_id": "k1",
        "wrapped_key": b"w" * 60,
        "nonce": b"n" * 12,
        "sealed": b"s" * 80,
        "content_tag": b"t" * 32,
        "request_id": "r1",
    }
    return SealedDetails.model_validate(given | changes)


async def kept(store: Store, case_no: str = "X1") -> SealedDetails | None:
    async with store.looking_at_complainant(case_no) as looking:
        return looking.kept


async def test_details_are_kept_once(store: Store) -> None:
    assert await kept(store) is None
    assert await store.keep_complainant(details()) is None
    first = await kept(store)
    assert first is not None
    assert first.sealed_at is not None
    assert first.model_copy(update={"sealed_at": None}) == details()
    assert await store.keep_complainant(details(sealed=b"x", key_id="k2")) == first
    assert await kept(store) == first


async def test_looks_are_listed_the_latest_first(store: Store) -> None:
    async with store.looking_at_complainant("X1") as looking:
        await looking.write(LOOK)
        await looking.write(LOOK.model_copy(update={"kind": LookKind.FAILED, "given": False, "note": "why\x00"}))
    await store.write_look(Look(case_no="X2", kind=LookKind.REWRAPPED, note="k1 -> k2"))
    found = await store.complainant_looks()
    assert [(each.case_no, each.kind, each.given) for each in found] == [
        ("X2", "rewrapped", False),
        ("X1", "failed", False),
        ("X1", "look", True),
    ]
    assert LOOK.model_dump().items() <= found[2].model_dump().items()
    assert [each.case_no for each in await store.complainant_looks("X1")] == ["X1", "X1"]
    assert [each.id for each in await store.complainant_looks(limit=1)] == [found[0].id]


async def test_a_look_that_does_not_end_well_is_none(store: Store) -> None:
    async def fail() -> None:
        async with store.looking_at_complainant("X1") as looking:
            await looking.write(LOOK)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fail()
    assert await store.complainant_looks() == []


@pytest.mark.parametrize("missing", ["caller_id", "office", "name", "purpose"])
async def test_a_look_of_nobody_is_refused(store: Store, missing: str) -> None:
    with pytest.raises(asyncpg.CheckViolationError):
        await store.write_look(LOOK.model_copy(update={missing: None}))


async def test_nothing_is_given_with_another_event_than_a_look(store: Store) -> None:
    with pytest.raises(asyncpg.CheckViolationError):
        await store.write_look(LOOK.model_copy(update={"kind": LookKind.FAILED}))


@pytest.mark.parametrize(
    "harm",
    [
        "DELETE FROM complainant",
        "TRUNCATE complainant",
        "UPDATE complainant SET sealed = 'x'",
        "UPDATE complainant SET case_no = 'X2'",
        "UPDATE complainant SET content_tag = content_tag, key_id = 'k2'",
        "DELETE FROM complainant_look",
        "TRUNCATE complainant_look",
        "UPDATE complainant_look SET name = 'x'",
        "SET session_replication_role = replica; DELETE FROM complainant",
        "SET session_replication_role = replica; DELETE FROM complainant_look",
    ],
)
async def test_what_is_kept_stays(store: Store, admin: Connection, harm: str) -> None:
    await store.keep_complainant(details())
    await store.write_look(LOOK)
    with pytest.raises(asyncpg.RestrictViolationError):
        await admin.execute(harm)
    assert await store.keep_complainant(details()) is not None
    assert len(await store.complainant_looks()) == 1


async def test_details_are_rewrapped_once_with_their_event(store: Store) -> None:
    for number in range(1, 6):
        await store.keep_complainant(details(f"X{number}", key_id="k2" if number == 5 else "k1"))
    page = await store.wrapped_otherwise("k2", limit=3)
    assert [each.case_no for each in page] == ["X1", "X2", "X3"]
    assert [each.case_no for each in await store.wrapped_otherwise("k2", after="X3")] == ["X4"]
    assert await store.rewrap_complainant(page[0], "k2", b"v")
    assert not await store.rewrap_complainant(page[0], "k3", b"u"), "what was read is not there any more"
    found = await kept(store)
    assert found is not None
    assert (found.key_id, found.wrapped_key, found.sealed) == ("k2", b"v", details().sealed)
    assert await store.wrapped_by("k2") == 2
    assert [(each.kind, each.note) for each in await store.complainant_looks()] == [("rewrapped", "k1 -> k2")]
