"""Signatures (Ed25519) by which an auditor knows that a head or a case file comes from this house and is unchanged.

The private key is a PEM file (PKCS #8) that only its owner may read; the public key stands beside it with the ending
``.pub`` and goes to whoever is to check. What is signed begins with what it is: no signature serves another end.
"""

import base64
import binascii
import os
import stat
from hashlib import sha256
from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from guatu.errors import CommandError
from petitions.values import Value

_OTHERS = 0o077
_MOST_BYTES = 16 * 1024


class Signature(Value):
    """A signature, and by which key it is."""

    key: str
    """Of the public key: the first 16 hex digits of its SHA-256."""
    value: str
    """In base64."""


class PublicKey:
    """What checks signatures.

    Args:
        key: Of cryptography.
    """

    def __init__(self, key: Ed25519PublicKey) -> None:
        self._key = key
        self.id = sha256(key.public_bytes_raw()).hexdigest()[:16]

    def fault(self, what: str, digest: str, signature: Signature | None) -> str | None:
        """Why a signature is none of this key over this; none: it is.

        Args:
            what: What is signed, in one word.
            digest: Its digest in hex.
            signature: What is said to be its signature.
        """
        if signature is None:
            return "it is not signed"
        if signature.key != self.id:
            return f"it is signed by another key ({signature.key}) than the one given ({self.id})"
        try:
            self._key.verify(base64.b64decode(signature.value, validate=True), _signed(what, digest))
        except (InvalidSignature, binascii.Error, ValueError):
            return "its signature does not fit: it was changed after it was signed"
        return None


class SigningKey:
    """What signs.

    Args:
        key: Of cryptography.
    """

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key
        self.public = PublicKey(key.public_key())

    def sign(self, what: str, digest: str) -> Signature:
        """Sign a digest; the same again gives the same signature.

        Args:
            what: What it is of, in one word.
            digest: In hex.
        """
        value = base64.b64encode(self._key.sign(_signed(what, digest))).decode()
        return Signature(key=self.public.id, value=value)


def new_signing_key(path: Path) -> tuple[PublicKey, Path]:
    """Make a key: the private one in this file, for its owner alone, the public one beside it.

    Returns:
        The public key, and where it is.

    Raises:
        CommandError: One of the files is there already; it is left as it is.
        OSError: They cannot be written.
    """
    key, public_path = Ed25519PrivateKey.generate(), path.with_name(f"{path.name}.pub")
    for each in (path, public_path):
        if each.exists():
            raise CommandError(f"{each} exists already; it is left as it is: give another name for a new key")
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    for name, content, mode in ((path, private, 0o600), (public_path, public, 0o644)):
        descriptor = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    return PublicKey(key.public_key()), public_path


def read_signing_key(path: Path) -> SigningKey:
    """The private key of a file.

    Raises:
        CommandError: It is none, or others than its owner can read it.
        OSError: It cannot be read.
    """
    with path.open("rb") as file:
        mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
        content = file.read(_MOST_BYTES)
    if b"PUBLIC KEY" in content:
        raise CommandError(f"{path} holds no private key; it is the public key, give the file without .pub")
    if mode & _OTHERS:
        raise CommandError(f"{path} can be read or changed by others than its owner (mode {mode:04o}): chmod 600 it")
    try:
        key = serialization.load_pem_private_key(content, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise CommandError(f"{path} holds no Ed25519 private key in PEM: make one with guatu heads key new FILE")
    return SigningKey(key)


def read_public_key(path: Path) -> PublicKey:
    """The public key of a file.

    Raises:
        CommandError: It is none.
        OSError: It cannot be read.
    """
    with path.open("rb") as file:
        content = file.read(_MOST_BYTES)
    try:
        key = serialization.load_pem_public_key(content)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PublicKey):
        hint = "; it is the private key, give the file with .pub" if b"PRIVATE KEY" in content else ""
        raise CommandError(f"{path} holds no Ed25519 public key in PEM{hint}")
    return PublicKey(key)


def _signed(what: str, digest: str) -> bytes:
    return f"guatu {what}\n{digest}".encode()
