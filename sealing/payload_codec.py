"""Payloads sealed on their way into Temporal and opened on their way out: its storage and its UI see ciphertext.

A sealed payload is ``binary/encrypted``. Its metadata name the cipher and the master key and hold the wrapped data
key; its data are the nonce and the whole payload, metadata and all, sealed. What is not sealed passes as it is, so
that outside programs without keys go on speaking plain JSON. See docs/decisions/0014.
"""

from collections.abc import Sequence
from typing import Final

import structlog
from google.protobuf.message import DecodeError
from temporalio.api.common.v1 import Payload
from temporalio.converter import (
    PayloadCodec,
    SerializationContext,
    WithSerializationContext,
    WorkflowSerializationContext,
)

from sealing.ciphers import NONCE_BYTES, Box, CipherName
from sealing.envelope import DataKey, MasterKeys, WrappedKey
from sealing.errors import KeyFileError, NoPayloadKeysError, SealingError, TamperedError
from sealing.key_file import KeyFile
from sealing.settings import PayloadSettings

_log = structlog.stdlib.get_logger()

ENCODING: Final = b"binary/encrypted"
_CIPHER, _KEY_ID, _DATA_KEY = "encryption-cipher", "encryption-key-id", "encryption-data-key"
_ABOUT = ("payload",)

_SEALS_OF_A_DATA_KEY = 2**20
"""After so many a new data key is drawn: far from where nonces drawn at random could meet."""
_DATA_KEYS_KEPT = 1_000
"""Opened data keys that are kept; each process that seals makes few."""
_READ_AT_ONCE = 8
"""Of more payloads than these together none is opened for a case, whose messages are of one (0014)."""


class Payloads:
    """Seals and opens payloads by the keys of a file, which is read again whenever it changes.

    Args:
        key_file: The master keys.
        cipher: By which to seal.
    """

    def __init__(self, key_file: KeyFile, cipher: CipherName = CipherName.AES_256_GCM) -> None:
        self._key_file = key_file
        self._cipher = cipher
        self._sealing: tuple[MasterKeys, DataKey] | None = None
        self._seals = 0
        self._opening: tuple[MasterKeys, dict[WrappedKey, DataKey]] | None = None

    @classmethod
    def of_settings(cls, settings: PayloadSettings) -> "Payloads | None":
        """As the settings say; none: payloads stay in plain.

        Raises:
            KeyFileError: A key file is set and cannot be used.
            CipherMissingError: The cipher is not to be had here.
        """
        if settings.payload_key_file is None:
            return None
        payloads = cls(KeyFile(settings.payload_key_file.expanduser()), settings.sealing_cipher)
        payloads.seal(Payload())  # whatever cannot be done is told at the start
        return payloads

    def seal(self, payload: Payload) -> Payload:
        """A payload sealed.

        Raises:
            KeyFileError: The key file cannot be used now.
            CipherMissingError: The cipher is not to be had here.
        """
        data_key = self._key_to_seal_with()
        box = data_key.seal(payload.SerializeToString())
        wrapped = data_key.wrapped
        return Payload(
            metadata={
                "encoding": ENCODING,
                _CIPHER: wrapped.cipher.value.encode(),
                _KEY_ID: wrapped.key_id.encode(),
                _DATA_KEY: wrapped.wrapped,
            },
            data=box.nonce + box.sealed,
        )

    def open(self, payload: Payload) -> Payload:
        """A payload opened; what was not sealed by ``seal`` comes back as it is.

        Raises:
            KeyFileError: The key file cannot be used now.
            UnknownKeyError: It has no such master key.
            TamperedError: The payload is not what it was, or was cut short.
            CipherMissingError: Its cipher is not to be had here.
        """
        if not is_sealed(payload):
            return payload
        key_id = payload.metadata.get(_KEY_ID, b"").decode(errors="replace")[:64]
        try:
            cipher = CipherName(payload.metadata.get(_CIPHER, b"").decode(errors="replace"))
        except ValueError:
            raise TamperedError(key_id) from None
        data_key = self._key_to_open_with(WrappedKey(cipher, key_id, payload.metadata[_DATA_KEY]))
        plain = data_key.open(Box(payload.data[:NONCE_BYTES], payload.data[NONCE_BYTES:]))
        try:
            return Payload.FromString(plain)
        except DecodeError:
            raise TamperedError(key_id) from None

    def _key_to_seal_with(self) -> DataKey:
        keys = self._key_file.keys()
        self._seals += 1
        if self._sealing is None or self._sealing[0] is not keys or self._seals > _SEALS_OF_A_DATA_KEY:
            self._sealing, self._seals = (keys, keys.new_data_key(self._cipher, _ABOUT)), 1
        return self._sealing[1]

    def _key_to_open_with(self, wrapped: WrappedKey) -> DataKey:
        keys = self._key_file.keys()
        # A key that was taken out of the file opens nothing any more.
        if self._opening is None or self._opening[0] is not keys or len(self._opening[1]) >= _DATA_KEYS_KEPT:
            self._opening = keys, {}
        opened = self._opening[1]
        if wrapped not in opened:
            opened[wrapped] = keys.unwrap(wrapped, _ABOUT)
        return opened[wrapped]


def is_sealed(payload: Payload) -> bool:
    """Whether this is what ``Payloads.seal`` makes."""
    return payload.metadata.get("encoding") == ENCODING and _DATA_KEY in payload.metadata


class PlainPayloads(PayloadCodec):
    """The codec of a client without keys: all passes as it is, and what is sealed is told to be so."""

    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Leave them in plain."""
        return list(payloads)

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Let pass what is plain.

        Raises:
            NoPayloadKeysError: Something is sealed.
        """
        if any(is_sealed(payload) for payload in payloads):
            raise NoPayloadKeysError
        return list(payloads)


class SealedPayloads(PayloadCodec):
    """The codec of a client: what is sealed opens, or the call fails and says why."""

    def __init__(self, payloads: Payloads) -> None:
        self._payloads = payloads

    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Seal.

        Raises:
            SealingError: As ``Payloads.seal``.
        """
        return [self._payloads.seal(payload) for payload in payloads]

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Open what is sealed.

        Raises:
            SealingError: As ``Payloads.open``.
        """
        return [self._payloads.open(payload) for payload in payloads]


class PassingPayloads(SealedPayloads):
    """The codec for people who look: what does not open is passed on as it is."""

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Open what can be opened."""
        return [self._opened(payload) for payload in payloads]

    def _opened(self, payload: Payload) -> Payload:
        try:
            return self._payloads.open(payload)
        except SealingError as error:
            _log.warning("a payload of Temporal does not open, and is passed on as it is", why=str(error))
            return payload


class CasePayloads(SealedPayloads, WithSerializationContext):
    """The codec of a case's worker.

    What comes to the workflow by its doors and does not open is handed in as it is: the case refuses it, and keeps
    that. A result of its own activities that does not open stops the workflow task until it does; so does all, while
    there is no key file that can be used.
    """

    def __init__(self, payloads: Payloads, *, at_the_door: bool = False) -> None:
        super().__init__(payloads)
        self._at_the_door = at_the_door

    def with_context(self, context: SerializationContext) -> "CasePayloads":
        """The codec for a workflow, or for an activity."""
        return CasePayloads(self._payloads, at_the_door=isinstance(context, WorkflowSerializationContext))

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Open what is sealed.

        Raises:
            SealingError: As ``Payloads.open``; for what comes by the doors only ``KeyFileError``.
        """
        if self._at_the_door and len(payloads) > _READ_AT_ONCE:
            return list(payloads)
        return [self._opened(payload) for payload in payloads]

    def _opened(self, payload: Payload) -> Payload:
        try:
            return self._payloads.open(payload)
        except SealingError as error:
            if self._at_the_door and not isinstance(error, KeyFileError):
                _log.warning("what came to a case by Temporal does not open", why=str(error))
                return payload
            _log.error("a case cannot go on: a payload of its history does not open", why=str(error))
            raise
