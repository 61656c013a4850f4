"""Files that belong to reports: each kept once by its content, and known for every case for which it was handed in."""

from dataclasses import dataclass
from hashlib import sha256

from petitions.values import Person, Value
from store import queries
from store.connection import OnPool
from store.rows import storable

_SQL = queries.load("attachments")
_KEEP, _ATTACH, _ONE, _OF_CASE = _SQL["keep"], _SQL["attach"], _SQL["one"], _SQL["of_case"]


@dataclass(frozen=True)
class AttachedFile:
    """A file of a case."""

    name: str
    content: bytes


class AttachedLine(Value):
    """A file of a case, without its content."""

    sha256: str
    """Of its content, 64 hex digits."""
    name: str
    size: int
    """Bytes."""


class Attachments(OnPool):
    """Keeping and giving files. All methods raise ``StoreError`` as its kinds say."""

    async def attach(self, case_no: str, name: str, content: bytes, by: Person) -> str:
        """Keep a file for a case; the same again changes nothing.

        Args:
            case_no: The case.
            name: As the person has called it.
            content: All of it; the caller has checked how long it is and what it is.
            by: Who hands it in.

        Returns:
            SHA-256 of the content, 64 hex digits.
        """
        digest = sha256(content)
        async with self._connected() as connection, connection.transaction():
            await connection.execute(*_KEEP(sha256=digest.digest(), content=content))
            await connection.execute(
                *_ATTACH(
                    case_no=case_no,
                    sha256=digest.digest(),
                    name=storable(name),
                    by_office=storable(by.office),
                    by_name=storable(by.name),
                )
            )
        return digest.hexdigest()

    async def attached(self, case_no: str, sha256_hex: str) -> AttachedFile | None:
        """A file of a case, or none if the case has none of this content."""
        async with self._connected() as connection:
            row = await connection.fetchrow(*_ONE(case_no=case_no, sha256=bytes.fromhex(sha256_hex)))
        return AttachedFile(name=row["name"], content=row["content"]) if row else None

    async def attachments(self, case_no: str) -> list[AttachedLine]:
        """The files of a case, in the order in which they came."""
        async with self._connected() as connection:
            rows = await connection.fetch(*_OF_CASE(case_no=case_no))
        return [AttachedLine.model_validate(dict(row)) for row in rows]
