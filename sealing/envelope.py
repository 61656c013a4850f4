"""Envelopes: content is sealed by a data key of its own, and the data key by a master key.

Rotation seals only the data keys anew; the content stays as it lies. What an envelope belongs to (``about``: what sort
of thing it is, and its number) is bound into both seals, so that it opens nowhere else: a row copied to another case
does not. The wrapped key binds the master key's name besides.
"""

import hmac
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from sealing.ciphers import NONCE_BYTES, SECRET_BYTES, Box, CipherName, DoesNotOpenError, derived, lock, unlock
from sealing.errors import TamperedError, UnknownKeyError

About = tuple[str, ...]
"""What an envelope belongs to, such as ``("complainant", "X1")``; never empty, and not secret."""


@dataclass(frozen=True)
class WrappedKey:
    """A data key as it may be stored.

    Attributes:
        cipher: By which it is wrapped, and its content is sealed.
        key_id: The master key.
        wrapped: Nonce, ciphertext and authentication tag, one after the other.
    """

    cipher: CipherName
    key_id: str
    wrapped: bytes


@dataclass(frozen=True)
class DataKey:
    """A data key in the clear: seals and opens content. Use one for one thing, or for few.

    Attributes:
        wrapped: The same as it may be stored beside the content.
    """

    wrapped: WrappedKey
    _about: About
    _secret: bytes = field(repr=False)

    def seal(self, plain: bytes, beside: bytes = b"") -> Box:
        """Seal content.

        Args:
            plain: The content.
            beside: What stands beside it in the open, and must be the same at opening.

        Raises:
            CipherMissingError: The cipher is not to be had here.
        """
        return lock(self.wrapped.cipher, self._content_key, plain, self._associated() + beside)

    def open(self, box: Box, beside: bytes = b"") -> bytes:
        """Open content.

        Args:
            box: What ``seal`` gave.
            beside: As it was given to ``seal``.

        Raises:
            TamperedError: It was not sealed by this key for this purpose, or is not what it was.
            CipherMissingError: The cipher is not to be had here.
        """
        try:
            return unlock(self.wrapped.cipher, self._content_key, box, self._associated() + beside)
        except DoesNotOpenError:
            raise TamperedError(self.wrapped.key_id) from None

    def tag(self, content: bytes) -> bytes:
        """A keyed digest (HMAC-SHA-256), by which the same content is recognised without opening anything.

        Of another data key the same content has another tag: tags tell nothing of who is alike.
        """
        return hmac.digest(derived(self._secret, "tag", SECRET_BYTES), _bytes("tag", *self._about) + content, "sha256")

    def has_tag(self, content: bytes, tag: bytes) -> bool:
        """Whether this is the content's tag."""
        return hmac.compare_digest(self.tag(content), tag)

    @cached_property
    def _content_key(self) -> bytes:
        cipher = self.wrapped.cipher
        return derived(self._secret, f"content {cipher.value}", cipher.key_bytes)

    def _associated(self) -> bytes:
        return _bytes("content", self.wrapped.cipher.value, *self._about)


@dataclass(frozen=True)
class MasterKeys:
    """The master keys of a file.

    Attributes:
        active: The name of the one that wraps what is new.
    """

    active: str
    _secrets: Mapping[str, bytes] = field(repr=False)

    @property
    def key_ids(self) -> tuple[str, ...]:
        """The names of all of them, in the file's order."""
        return tuple(self._secrets)

    def new_data_key(self, cipher: CipherName, about: About) -> DataKey:
        """A random data key, wrapped by the active master key.

        Args:
            cipher: By which to wrap it, and to seal content with it.
            about: What it belongs to.

        Raises:
            CipherMissingError: The cipher is not to be had here.
        """
        secret = os.urandom(SECRET_BYTES)
        return DataKey(self._wrap(cipher, secret, about), about, secret)

    def unwrap(self, wrapped: WrappedKey, about: About) -> DataKey:
        """The data key that was wrapped for the same thing.

        Raises:
            UnknownKeyError: Its master key is not among these.
            TamperedError: It does not open.
            CipherMissingError: The cipher is not to be had here.
        """
        key = self._wrapping_key(wrapped.cipher, wrapped.key_id)
        box = Box(wrapped.wrapped[:NONCE_BYTES], wrapped.wrapped[NONCE_BYTES:])
        try:
            secret = unlock(wrapped.cipher, key, box, _wrapping(wrapped.cipher, wrapped.key_id, about))
        except DoesNotOpenError:
            raise TamperedError(wrapped.key_id) from None
        return DataKey(wrapped, about, secret)

    def rewrap(self, wrapped: WrappedKey, about: About) -> WrappedKey:
        """The same data key under the active master key; the content sealed with it stays as it is.

        Raises:
            UnknownKeyError, TamperedError, CipherMissingError: As ``unwrap``.
        """
        data_key = self.unwrap(wrapped, about)
        return self._wrap(wrapped.cipher, data_key._secret, about)  # pyright: ignore[reportPrivateUsage] - one module

    def _wrap(self, cipher: CipherName, secret: bytes, about: About) -> WrappedKey:
        key = self._wrapping_key(cipher, self.active)
        box = lock(cipher, key, secret, _wrapping(cipher, self.active, about))
        return WrappedKey(cipher, self.active, box.nonce + box.sealed)

    def _wrapping_key(self, cipher: CipherName, key_id: str) -> bytes:
        secret = self._secrets.get(key_id)
        if secret is None:
            raise UnknownKeyError(key_id)
        return derived(secret, f"wrapping {cipher.value}", cipher.key_bytes)


def _wrapping(cipher: CipherName, key_id: str, about: About) -> bytes:
    return _bytes("data key", cipher.value, key_id, *about)


def _bytes(*parts: str) -> bytes:
    """Texts as bytes, so that no other texts give the same; they end where content may follow."""
    return json.dumps(parts).encode() + b"\n"
