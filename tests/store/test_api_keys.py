"""Keys: nothing of them is kept but a hash, and an end is an end."""

from datetime import UTC, datetime, timedelta

import pytest

from store import Store
from store.api_keys import NO_PEPPER, Pepper, WeakPepperError, key_id
from store.connection import Connection

PEPPER = Pepper(b"sixteen bytes at least")


async def test_a_key_is_found_by_its_id_and_fits_itself_alone(store: Store) -> None:
    key = await store.issue_key(label="市信访局 张三", office="city/intake")
    other = await store.issue_key(label="平台", system="12345")
    id_ = key_id(key)
    assert id_ is not None
    kept = await store.api_key(id_)
    assert kept is not None
    assert (kept.office, kept.system, kept.label) == ("city/intake", None, "市信访局 张三")
    assert (kept.last_used_at, kept.expires_at, kept.revoked_at) == (None, None, None)
    assert kept.fits(key, NO_PEPPER)
    assert not kept.fits(other, NO_PEPPER)
    assert not kept.fits(key[:-1] + ("0" if key[-1] != "0" else "1"), NO_PEPPER)
    assert await store.api_key("00000000") is None
    assert [each.label for each in await store.api_keys()] == ["市信访局 张三", "平台"]


async def test_the_secret_is_nowhere_in_the_database(store: Store, admin: Connection) -> None:
    key = await store.issue_key(label="某人", office="city/intake", pepper=PEPPER)
    secret = key.rsplit("_", 1)[1]
    kept = str(await admin.fetchval("SELECT api_key::text FROM api_key"))
    assert key.split("_")[1] in kept
    assert secret not in kept
    assert bytes.fromhex(secret).hex() not in kept.replace("\\x", "")
    assert PEPPER.secret.hex() not in kept


async def test_a_key_is_good_only_with_the_pepper_it_was_issued_with(store: Store) -> None:
    key = await store.issue_key(label="某人", office="city/intake", pepper=PEPPER)
    kept = await store.api_key(key.split("_")[1])
    assert kept is not None
    assert kept.fits(key, PEPPER)
    assert not kept.fits(key, NO_PEPPER)
    assert not kept.fits(key, Pepper(b"another pepper of enough bytes"))
    assert kept.pepper == PEPPER.mark != ""
    assert str(PEPPER.secret) not in repr(PEPPER)


async def test_who_writes_to_the_database_alone_makes_no_key_that_fits(store: Store, admin: Connection) -> None:
    """What a pepper is for: the hash of a key of one's own, made without it, is of no use."""
    own = "guatu_0badc0de_" + "ab" * 32
    await admin.execute(
        "INSERT INTO api_key (id, office, label, key_hash, pepper) VALUES ('0badc0de', 'city/intake', 'x', $1, $2)",
        NO_PEPPER.hash(own),
        PEPPER.mark,
    )
    kept = await store.api_key("0badc0de")
    assert kept is not None
    assert kept.fits(own, NO_PEPPER)
    assert not kept.fits(own, PEPPER)


async def test_revoking_and_expiring(store: Store) -> None:
    now = datetime.now(UTC)
    key = await store.issue_key(label="某人", office="city/mayor", expires_at=now + timedelta(hours=1))
    id_ = key.split("_")[1]
    kept = await store.api_key(id_)
    assert kept is not None
    assert kept.ended(now) is None
    assert kept.ended(now + timedelta(hours=1)) == "expired"
    assert await store.revoke_key(id_, "调离")
    assert not await store.revoke_key(id_, "再来一次")
    assert not await store.revoke_key("00000000", "没有")
    revoked = await store.api_key(id_)
    assert revoked is not None
    assert (revoked.ended(now), revoked.revoked_why) == ("revoked", "调离")


async def test_use_is_written_down_once_a_minute(store: Store, admin: Connection) -> None:
    id_ = (await store.issue_key(label="某人", office="city/mayor")).split("_")[1]

    async def used() -> datetime | None:
        kept = await store.api_key(id_)
        assert kept is not None
        return kept.last_used_at

    await store.touch_key(id_)
    first = await used()
    assert first is not None
    await store.touch_key(id_)
    assert await used() == first
    await admin.execute("UPDATE api_key SET last_used_at = last_used_at - interval '61 seconds'")
    await store.touch_key(id_)
    later = await used()
    assert later is not None
    assert later >= first


async def test_a_revoked_key_still_counts_as_issued(store: Store) -> None:
    assert not await store.any_api_key()
    id_ = (await store.issue_key(label="某人", office="city/mayor")).split("_")[1]
    assert await store.any_api_key()
    await store.revoke_key(id_, "不用了")
    assert await store.any_api_key()


@pytest.mark.parametrize("text", ["", "guatu_", "guatu_1234567_" + "0" * 64, "guatu_12345678_" + "0" * 63, "x" * 500])
def test_what_is_no_key_has_no_id(text: str) -> None:
    assert key_id(text) is None


@pytest.mark.parametrize("text", [b"", b"short", b" " * 40])
def test_a_pepper_has_enough_bytes(text: bytes) -> None:
    with pytest.raises(WeakPepperError, match="at least 16"):
        Pepper.from_text(text)


def test_a_pepper_is_the_text_of_its_file_without_white_space() -> None:
    assert Pepper.from_text(b"0123456789abcdef\r\n") == Pepper(b"0123456789abcdef")
