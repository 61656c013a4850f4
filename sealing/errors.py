"""What can go wrong in sealing and opening; no text of them tells anything of what is sealed, or of a key.

SealingError
├── KeyFileError            the file of master keys cannot be used as it is
├── NoPayloadKeysError      payloads are sealed, and no file of their keys is set here
├── UnknownKeyError         what is sealed names a master key that is not in the file
├── TamperedError           what is sealed does not open: it, or the key of this name, is not what it was
└── CipherMissingError      this machine's cryptographic library lacks the cipher
"""

from pathlib import Path


class SealingError(Exception):
    """Something cannot be sealed or opened; the text says why and what to do, in a sentence or two."""


class KeyFileError(SealingError):
    """The file of master keys cannot be used.

    Attributes:
        path: The file.
    """

    def __init__(self, path: Path, reason: str) -> None:
        self.path = path
        super().__init__(f"the master key file {path} {reason}")


class NoPayloadKeysError(SealingError):
    """Payloads in Temporal are sealed, and this process was given no keys for them."""

    def __init__(self) -> None:
        super().__init__(
            "payloads in Temporal are sealed, and GUATU_PAYLOAD_KEY_FILE is not set here: set it to the file that the "
            "workers have"
        )


class UnknownKeyError(SealingError):
    """A master key is not in the file.

    Attributes:
        key_id: Its name.
    """

    def __init__(self, key_id: str) -> None:
        self.key_id = key_id
        super().__init__(f"master key {key_id!r} is not in the master key file: put back the file that has it")


class TamperedError(SealingError):
    """What is sealed does not open.

    Attributes:
        key_id: The master key by which it should.
    """

    def __init__(self, key_id: str) -> None:
        self.key_id = key_id
        super().__init__(
            f"what is sealed does not open by master key {key_id!r}: it was changed or belongs elsewhere, or the key "
            "of this name is another one; restore it, or the master key file, from a backup"
        )


class CipherMissingError(SealingError):
    """The cryptographic library of this machine lacks a cipher."""

    def __init__(self, cipher: str) -> None:
        super().__init__(f"the cryptographic library of this machine has no {cipher}: choose another cipher")
