"""Drafts: what a person has typed into a form at the desk and not sent yet."""

from collections.abc import Mapping, Sequence

from petitions.values import Instant, Value
from store import queries
from store.connection import OnPool
from store.rows import storable

_SQL = queries.load("drafts")
_KEEP, _OF_CASE, _DROP, _CASES, _FORGET = _SQL["keep"], _SQL["of_case"], _SQL["drop"], _SQL["cases"], _SQL["forget"]


class Draft(Value):
    """What was typed into one form."""

    kind: str
    typed: dict[str, tuple[str, ...]]
    saved_at: Instant


class DraftLine(Value):
    """That there is a draft."""

    case_no: str
    """Empty: the form that hands a case over."""
    kind: str
    saved_at: Instant


class Drafts(OnPool):
    """Keeping drafts, one for each person, case and form. All methods raise ``StoreError`` as its kinds say."""

    async def keep_draft(
        self, office: str, name: str, case_no: str, kind: str, typed: Mapping[str, Sequence[str]]
    ) -> None:
        """Keep what was typed, in the place of what was kept before.

        Args:
            office: For which the person acts.
            name: The person's.
            case_no: The case; empty: the form that hands one over.
            kind: The message that it is to become.
            typed: The values of the fields.
        """
        values = {name: list(given) for name, given in typed.items()}
        whose = {"office": office, "name": name, "case_no": case_no, "kind": kind}
        async with self._connected() as connection:
            await connection.execute(*_FORGET())
            await connection.execute(*_KEEP(**{key: storable(value) for key, value in whose.items()}, typed=values))

    async def drafts(self, office: str, name: str, case_no: str) -> list[Draft]:
        """What a person has typed on a case."""
        async with self._connected() as connection:
            rows = await connection.fetch(*_OF_CASE(office=office, name=name, case_no=case_no))
        return [Draft.model_validate(dict(row)) for row in rows]

    async def draft_lines(self, office: str, name: str) -> list[DraftLine]:
        """All that a person has begun to write, the latest first."""
        async with self._connected() as connection:
            rows = await connection.fetch(*_CASES(office=office, name=name))
        return [DraftLine.model_validate(dict(row)) for row in rows]

    async def drop_draft(self, office: str, name: str, case_no: str, kind: str) -> None:
        """Drop a draft that was sent."""
        async with self._connected() as connection:
            await connection.execute(*_DROP(office=office, name=name, case_no=case_no, kind=kind))
