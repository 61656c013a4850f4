"""Exported heads: JSON lines, one head each with what it covers and its signature.

The file is to be kept where nobody can change it who can change the database.
"""

import os
import secrets
from collections.abc import Iterable, Sequence
from pathlib import Path

from pydantic import ValidationError

from guatu.errors import CommandError
from guatu.signatures import PublicKey, Signature, SigningKey
from store.heads import CoveringHead
from store.problems import Problem

SIGNED_HEAD = "head"
"""As what the hash of a head is signed."""


class ExportedHead(CoveringHead):
    """A head as it stands in a file."""

    signature: Signature | None = None

    @property
    def covering(self) -> CoveringHead:
        """The head without its signature."""
        return CoveringHead.model_validate(self.model_dump(exclude={"signature"}))


def write_heads(path: Path, heads: Sequence[CoveringHead], key: SigningKey) -> int:
    """Write all heads, signed, over a file that has the beginning of them or none.

    Returns:
        How many the file did not have.

    Raises:
        CommandError: The file has heads that are not the stored ones, or is none; it is left as it is.
        OSError: It cannot be written.
    """
    known = read_heads(path) if path.exists() else ()
    for place, head in enumerate(known):
        if place >= len(heads) or heads[place].hash != head.hash:
            raise CommandError(
                f"{path} has head {head.no} of {head.day}, which the database has not or has otherwise: keep the file "
                f"as it is and run guatu verify --heads {path}"
            )
    lines = (
        ExportedHead(**head.model_dump(), signature=key.sign(SIGNED_HEAD, head.hash)).model_dump_json() + "\n"
        for head in heads
    )
    write_whole(path, lines)
    return len(heads) - len(known)


def read_heads(path: Path) -> tuple[ExportedHead, ...]:
    """The heads of a file.

    Raises:
        CommandError: A line is none; the text names it.
        OSError: It cannot be read.
    """
    found: list[ExportedHead] = []
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            try:
                found.append(ExportedHead.model_validate_json(line))
            except ValidationError as error:
                first = error.errors(include_url=False, include_input=False)[0]
                where = ".".join(map(str, first["loc"])) or "the line"
                raise CommandError(
                    f"{path}, line {number}: it is no exported head ({where}: {first['msg']}): the file was cut or "
                    "changed, or is of another kind"
                ) from None
    return tuple(found)


def signature_problems(heads: Iterable[ExportedHead], key: PublicKey) -> list[Problem]:
    """Heads that this key has not signed."""
    faults = ((head.no, key.fault(SIGNED_HEAD, head.hash, head.signature)) for head in heads)
    todo = "take the file, or the public key, from where it was kept first"
    return [Problem(head=no, what=fault, todo=todo) for no, fault in faults if fault]


def write_whole(path: Path, lines: Iterable[str]) -> None:
    """Write a file whole or not at all, in the place of one that is there.

    Raises:
        OSError: It cannot be written.
    """
    draft = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    try:
        with draft.open("x", encoding="utf-8") as file:
            file.writelines(lines)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
