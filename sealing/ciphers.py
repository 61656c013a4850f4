"""The two authenticated ciphers, AES-256-GCM and SM4-GCM, behind one door."""

import os
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from cryptography.exceptions import InvalidTag, UnsupportedAlgorithm
from cryptography.hazmat.primitives.ciphers import Cipher as _Cipher
from cryptography.hazmat.primitives.ciphers import algorithms, modes
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from sealing.errors import CipherMissingError

SECRET_BYTES = 32
"""The length of every secret that keys are derived from: master keys and data keys."""
NONCE_BYTES = 12
_TAG_BYTES = 16


class DoesNotOpenError(Exception):
    """The key, the associated data or what is sealed is not what it was at sealing; which, nobody can tell."""


class CipherName(StrEnum):
    """Which cipher something is sealed by; the value is what settings and rows say."""

    key_bytes: int

    def __new__(cls, value: str, key_bytes: int) -> Self:
        """Make the member from its name and the length of its keys in bytes."""
        name = str.__new__(cls, value)
        name._value_ = value
        name.key_bytes = key_bytes
        return name

    AES_256_GCM = "aes-256-gcm", 32
    SM4_GCM = "sm4-gcm", 16


@dataclass(frozen=True)
class Box:
    """What is sealed.

    Attributes:
        nonce: Drawn anew for every sealing.
        sealed: The ciphertext, with the authentication tag at its end.
    """

    nonce: bytes
    sealed: bytes


def derived(secret: bytes, purpose: str, length: int) -> bytes:
    """A key for one purpose from a secret (HKDF with SHA-256): keys of two purposes tell nothing of each other."""
    return HKDF(algorithm=SHA256(), length=length, salt=None, info=f"guatu 1 {purpose}".encode()).derive(secret)


def lock(cipher: CipherName, key: bytes, plain: bytes, associated: bytes) -> Box:
    """Seal bytes.

    Args:
        cipher: By which cipher.
        key: A key of its length.
        plain: What to seal.
        associated: What must be the same at opening; it is not kept in the box.

    Raises:
        CipherMissingError: The cipher is not to be had here.
    """
    nonce = os.urandom(NONCE_BYTES)
    try:
        encryptor = _Cipher(_algorithm(cipher, key), modes.GCM(nonce)).encryptor()
    except UnsupportedAlgorithm:
        raise CipherMissingError(cipher.value) from None
    encryptor.authenticate_additional_data(associated)
    sealed = encryptor.update(plain) + encryptor.finalize()
    return Box(nonce, sealed + encryptor.tag)


def unlock(cipher: CipherName, key: bytes, box: Box, associated: bytes) -> bytes:
    """Open what ``lock`` has sealed.

    Raises:
        DoesNotOpenError: Something of it is not what it was.
        CipherMissingError: The cipher is not to be had here.
    """
    if len(box.nonce) != NONCE_BYTES or len(box.sealed) < _TAG_BYTES:
        raise DoesNotOpenError
    sealed, tag = box.sealed[:-_TAG_BYTES], box.sealed[-_TAG_BYTES:]
    try:
        decryptor = _Cipher(_algorithm(cipher, key), modes.GCM(box.nonce, tag)).decryptor()
        decryptor.authenticate_additional_data(associated)
        return decryptor.update(sealed) + decryptor.finalize()
    except InvalidTag:
        raise DoesNotOpenError from None
    except UnsupportedAlgorithm:
        raise CipherMissingError(cipher.value) from None


def _algorithm(cipher: CipherName, key: bytes) -> algorithms.AES | algorithms.SM4:
    return algorithms.AES(key) if cipher is CipherName.AES_256_GCM else algorithms.SM4(key)
