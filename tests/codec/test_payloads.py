"""Sealing and opening single payloads: by key, by cipher, when the file changes, and how long it takes."""

import time
from pathlib import Path

import pytest
from temporalio.api.common.v1 import Payload
from temporalio.converter import ActivitySerializationContext, WorkflowSerializationContext

from sealing import payload_codec
from sealing.ciphers import CipherName
from sealing.errors import KeyFileError, TamperedError, UnknownKeyError
from sealing.key_file import KeyFile, add_master_key, new_key_file
from sealing.payload_codec import CasePayloads, Payloads, SealedPayloads
from sealing.settings import PayloadSettings

PLAIN = Payload(metadata={"encoding": b"json/plain", "more": b"\x00\xff"}, data=b'{"a": 1}')


@pytest.mark.parametrize("cipher", CipherName)
@pytest.mark.parametrize("plain", [PLAIN, Payload(), Payload(metadata={"encoding": b"binary/null"})])
def test_a_payload_comes_back_whole(keys: Path, cipher: CipherName, plain: Payload) -> None:
    sealed = Payloads(KeyFile(keys), cipher).seal(plain)
    assert sealed.metadata["encoding"] == b"binary/encrypted"
    assert sealed.metadata["encryption-cipher"] == cipher.value.encode()
    assert PLAIN.data not in sealed.SerializeToString()
    # Another process, which seals by the other cipher, opens it.
    assert Payloads(KeyFile(keys)).open(sealed) == plain


def test_what_was_not_sealed_is_left_as_it_is(keys: Path) -> None:
    payloads = Payloads(KeyFile(keys))
    foreign = Payload(metadata={"encoding": b"binary/encrypted", "encryption-key-id": b"test"}, data=b"x")
    for payload in (PLAIN, Payload(), foreign):
        assert payloads.open(payload) is payload


def test_every_bit_counts(keys: Path) -> None:
    payloads = Payloads(KeyFile(keys))
    sealed = payloads.seal(PLAIN)
    for length in range(len(sealed.data)):
        with pytest.raises(TamperedError):
            payloads.open(Payload(metadata=sealed.metadata, data=sealed.data[:length]))
    for at in range(len(sealed.data)):
        changed = bytearray(sealed.data)
        changed[at] ^= 1
        with pytest.raises(TamperedError):
            payloads.open(Payload(metadata=sealed.metadata, data=bytes(changed)))


def test_keys_are_read_again_when_the_file_changes(keys: Path) -> None:
    payloads = Payloads(KeyFile(keys))
    before = payloads.seal(PLAIN)
    new = add_master_key(keys)
    after = payloads.seal(PLAIN)
    assert after.metadata["encryption-key-id"] == new.encode() != before.metadata["encryption-key-id"]
    assert payloads.open(before) == payloads.open(after) == PLAIN
    keys.unlink()
    with pytest.raises(KeyFileError):
        payloads.open(before)
    with pytest.raises(KeyFileError):
        payloads.seal(PLAIN)
    new_key_file(keys)
    with pytest.raises(UnknownKeyError):
        payloads.open(before)


def test_a_data_key_is_used_often_but_not_for_ever(keys: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(payload_codec, "_SEALS_OF_A_DATA_KEY", 3)
    payloads = Payloads(KeyFile(keys))
    used = [payloads.seal(PLAIN) for _ in range(7)]
    assert len({payload.metadata["encryption-data-key"] for payload in used}) == 3
    assert len({payload.data for payload in used}) == 7
    monkeypatch.setattr(payload_codec, "_DATA_KEYS_KEPT", 2)
    assert [payloads.open(payload) for payload in used] == [PLAIN] * 7


async def test_at_the_doors_it_is_handed_in_and_anywhere_else_it_stops(keys: Path, tmp_path: Path) -> None:
    sealed = Payloads(KeyFile(keys)).seal(PLAIN)
    other = tmp_path / "other"
    new_key_file(other)
    theirs = Payloads(KeyFile(other))
    worker = CasePayloads(theirs)
    door = worker.with_context(WorkflowSerializationContext(namespace="default", workflow_id="case-1"))
    assert await door.decode([sealed, PLAIN]) == [sealed, PLAIN]
    context = ActivitySerializationContext(
        namespace="default",
        workflow_id="case-1",
        workflow_type=None,
        activity_type="record",
        activity_id="1",
        activity_task_queue="q",
        is_local=False,
    )
    for codec in (worker, door.with_context(context), SealedPayloads(theirs)):
        with pytest.raises(UnknownKeyError):
            await codec.decode([sealed])
    other.unlink()
    with pytest.raises(KeyFileError):
        await door.decode([sealed])


async def test_of_many_payloads_together_none_is_opened_for_a_case(keys: Path) -> None:
    """They would be let in by what they are open, and could not be sent back as they came."""
    payloads = Payloads(KeyFile(keys))
    sealed = payloads.seal(PLAIN)
    door = CasePayloads(payloads, at_the_door=True)
    assert await door.decode([sealed] * 8) == [PLAIN] * 8
    assert await door.decode([sealed] * 9) == [sealed] * 9


def test_a_key_file_that_cannot_be_used_is_told_at_the_start(keys: Path) -> None:
    assert Payloads.of_settings(PayloadSettings()) is None
    settings = PayloadSettings(payload_key_file=keys)
    keys.chmod(0o644)
    with pytest.raises(KeyFileError, match="chmod 600"):
        Payloads.of_settings(settings)
    keys.unlink()
    with pytest.raises(KeyFileError, match="does not exist"):
        Payloads.of_settings(settings)


def test_it_is_cheap(keys: Path) -> None:
    """A case has some hundred payloads. The limit is processor time, and fifty times what it takes."""
    payloads = Payloads(KeyFile(keys))
    began = time.process_time()
    for _ in range(1_000):
        payloads.open(payloads.seal(PLAIN))
    assert time.process_time() - began < 5
