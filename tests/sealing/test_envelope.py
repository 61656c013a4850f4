"""Envelopes: what is sealed opens for what it belongs to, by its keys, unchanged, and in no other case."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealing.ciphers import Box, CipherName, DoesNotOpenError, lock, unlock
from sealing.envelope import DataKey, MasterKeys, WrappedKey
from sealing.errors import TamperedError, UnknownKeyError

OLD, NEW = b"o" * 32, b"n" * 32
KEYS = MasterKeys("old", {"old": OLD})
ROTATED = MasterKeys("new", {"old": OLD, "new": NEW})
ABOUT = ("complainant", "X1")
CIPHERS = list(CipherName)


def sealed(cipher: CipherName, plain: bytes = b"details") -> tuple[DataKey, Box]:
    data_key = KEYS.new_data_key(cipher, ABOUT)
    return data_key, data_key.seal(plain, beside=b"tag")


@pytest.mark.parametrize("cipher", CIPHERS)
@given(plain=st.binary(max_size=2_000), beside=st.binary(max_size=50), about=st.lists(st.text(), min_size=1))
def test_what_is_sealed_opens_again(cipher: CipherName, plain: bytes, beside: bytes, about: list[str]) -> None:
    data_key = KEYS.new_data_key(cipher, tuple(about))
    box = data_key.seal(plain, beside)
    assert len(box.sealed) == len(plain) + 16
    opened = ROTATED.unwrap(data_key.wrapped, tuple(about))
    assert opened.open(box, beside) == plain
    assert opened.has_tag(plain, data_key.tag(plain))


def flipped(data: bytes, bit: int) -> bytes:
    changed = bytearray(data)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


@pytest.mark.parametrize("cipher", CIPHERS)
def test_no_bit_may_be_another(cipher: CipherName) -> None:
    data_key, box = sealed(cipher, b"\x00d")
    wrapped = data_key.wrapped
    for bit in range(8 * len(wrapped.wrapped)):
        with pytest.raises(TamperedError):
            KEYS.unwrap(replace(wrapped, wrapped=flipped(wrapped.wrapped, bit)), ABOUT)
    boxes = [replace(box, nonce=flipped(box.nonce, bit)) for bit in range(8 * len(box.nonce))]
    boxes += [replace(box, sealed=flipped(box.sealed, bit)) for bit in range(8 * len(box.sealed))]
    for changed in boxes:
        with pytest.raises(TamperedError):
            data_key.open(changed, beside=b"tag")
    for bit in range(24):
        with pytest.raises(TamperedError):
            data_key.open(box, beside=flipped(b"tag", bit))
    assert data_key.open(box, beside=b"tag") == b"\x00d"


@pytest.mark.parametrize("cipher", CIPHERS)
@pytest.mark.parametrize("kept", [0, 1, 11, 12, 13, 27, 59])
def test_what_is_cut_off_does_not_open(cipher: CipherName, kept: int) -> None:
    data_key, box = sealed(cipher)
    with pytest.raises(TamperedError):
        KEYS.unwrap(replace(data_key.wrapped, wrapped=data_key.wrapped.wrapped[:kept]), ABOUT)
    for cut in (replace(box, sealed=box.sealed[:kept][:-1]), replace(box, nonce=box.nonce[:kept][:11])):
        with pytest.raises(TamperedError):
            data_key.open(cut, beside=b"tag")


@pytest.mark.parametrize("cipher", CIPHERS)
@pytest.mark.parametrize("about", [("complainant", "X2"), ("complainant",), ("payload", "X1"), ("complainantX1",)])
def test_it_opens_for_nothing_else(cipher: CipherName, about: tuple[str, ...]) -> None:
    data_key, box = sealed(cipher)
    with pytest.raises(TamperedError):
        KEYS.unwrap(data_key.wrapped, about)
    other = DataKey(data_key.wrapped, about, data_key._secret)  # pyright: ignore[reportPrivateUsage] - a thief's way
    with pytest.raises(TamperedError):
        other.open(box, beside=b"tag")


def test_another_cipher_or_key_does_not_open_it() -> None:
    data_key, box = sealed(CipherName.AES_256_GCM)
    wrapped = data_key.wrapped
    for wrong in (replace(wrapped, cipher=CipherName.SM4_GCM), replace(wrapped, key_id="new")):
        with pytest.raises(TamperedError):
            ROTATED.unwrap(wrong, ABOUT)
    with pytest.raises(TamperedError, match="the key of this name is another one"):
        MasterKeys("old", {"old": NEW}).unwrap(wrapped, ABOUT)
    with pytest.raises(UnknownKeyError, match="'old' is not in the master key file"):
        MasterKeys("new", {"new": NEW}).unwrap(wrapped, ABOUT)
    with pytest.raises(TamperedError):
        KEYS.new_data_key(CipherName.AES_256_GCM, ABOUT).open(box, beside=b"tag")


@pytest.mark.parametrize("cipher", CIPHERS)
def test_a_rotation_leaves_the_content_and_needs_the_old_key_no_more(cipher: CipherName) -> None:
    data_key, box = sealed(cipher)
    rewrapped = ROTATED.rewrap(data_key.wrapped, ABOUT)
    assert (rewrapped.key_id, rewrapped.cipher) == ("new", cipher)
    after = MasterKeys("new", {"new": NEW}).unwrap(rewrapped, ABOUT)
    assert after.open(box, beside=b"tag") == b"details"
    assert after.tag(b"details") == data_key.tag(b"details")


def test_nothing_is_used_twice() -> None:
    keys = [KEYS.new_data_key(CipherName.AES_256_GCM, ABOUT) for _ in range(50)]
    boxes = [key.seal(b"details") for key in keys] + [keys[0].seal(b"details") for _ in range(50)]
    assert len({box.nonce for box in boxes}) == len({box.sealed for box in boxes}) == 100
    assert len({key.tag(b"details") for key in keys}) == 50, "a tag tells which cases are alike"


def test_a_tag_tells_contents_and_what_they_belong_to_apart() -> None:
    data_key, _ = sealed(CipherName.AES_256_GCM)
    assert data_key.has_tag(b"details", data_key.tag(b"details"))
    assert not data_key.has_tag(b"detail", data_key.tag(b"details"))
    assert not data_key.has_tag(b"details", b"")


def test_no_key_shows_itself() -> None:
    data_key, _ = sealed(CipherName.AES_256_GCM)
    shown = f"{KEYS!r} {KEYS} {data_key!r} {data_key}"
    assert "oooo" not in shown
    assert repr(data_key._secret)[2:-1] not in shown  # pyright: ignore[reportPrivateUsage] - it must not be there


def test_sm4_is_the_standard_one() -> None:
    """RFC 8998, A.1: the published test vector of SM4-GCM."""
    key = bytes.fromhex("0123456789abcdeffedcba9876543210")
    associated = bytes.fromhex("feedfacedeadbeeffeedfacedeadbeefabaddad2")
    plain = b"".join(bytes([byte]) * 8 for byte in bytes.fromhex("aabbccddeeffeeaa"))
    sealed_text = (
        "17f399f08c67d5ee19d0dc9969c4bb7d5fd46fd3756489069157b282bb200735d82710ca5c22f0ccfa7cbf93d496ac15"
        "a56834cbcf98c397b4024a2691233b8d83de3541e4c2b58177e065a9bf7b62ec"
    )
    box = Box(bytes.fromhex("00001234567800000000abcd"), bytes.fromhex(sealed_text))
    assert unlock(CipherName.SM4_GCM, key, box, associated) == plain
    with pytest.raises(DoesNotOpenError):
        unlock(CipherName.SM4_GCM, key, box, b"")


def test_aes_is_the_standard_one() -> None:
    """The GCM specification, test case 14."""
    box = Box(bytes(12), bytes.fromhex("cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919"))
    assert unlock(CipherName.AES_256_GCM, bytes(32), box, b"") == bytes(16)
    assert lock(CipherName.AES_256_GCM, bytes(32), bytes(16), b"").sealed != box.sealed


def test_a_wrapped_key_is_all_that_need_be_kept() -> None:
    """What a payload codec needs: one key for many contents, kept beside them as text."""
    data_key = KEYS.new_data_key(CipherName.SM4_GCM, ("payload", "default"))
    boxes = [data_key.seal(bytes([number])) for number in range(5)]
    kept = data_key.wrapped
    wrapped = WrappedKey(CipherName(kept.cipher.value), kept.key_id, bytes.fromhex(kept.wrapped.hex()))
    again = KEYS.unwrap(wrapped, ("payload", "default"))
    assert [again.open(box) for box in boxes] == [bytes([number]) for number in range(5)]
