"""The timetable of the demonstration: what its data file says, as the hand-overs and messages that will be sent.

Offices stand in the file by their titles and are looked up in the jurisdiction; nobody else is named.
"""

import tomllib
from collections.abc import Mapping
from datetime import datetime
from importlib import resources
from typing import Annotated, Any, cast

from pydantic import BaseModel, ConfigDict, Field

from petitions.hand_over import HandOver
from petitions.jurisdiction.model import Jurisdiction
from petitions.values import Instant, Name, Person, Text, Value
from petitions.vocabulary import Category, Channel, MessageKind, Milestone, Opinion, Outcome, RefusalCode


class TimetableError(ValueError):
    """The timetable names something that the jurisdiction does not have."""


class Published(Value):
    """What was published of the end of a day; compared with the record, used for nothing else."""

    day: str
    """The day, ``YYYY-MM-DD``; the figures are as of its end."""
    received: int
    concluded: int
    starred: int
    by_county: dict[Name, int]
    """Cases received, of the counties that the source tells."""


class PlannedMessage(Value):
    """A message that will be sent."""

    at: Instant
    """When, on the shown clock."""
    kind: MessageKind
    body: dict[str, Any]
    """The signal's argument: ``message_id``, ``by`` and what the kind has."""
    by_update: bool
    """By the update ``submit``, as an office's own system does; else as a signal, as an intake system does."""
    refused: RefusalCode | None
    """It is meant to be refused, with this code."""

    @property
    def message_id(self) -> str:
        """The sender's own id: the same in every run."""
        return str(self.body["message_id"])


class PlannedCase(Value):
    """A case and what the offices do about it, in order."""

    hand_over: HandOver
    handed_in: Instant
    """When it reaches guatu."""
    illustrative: bool
    """Made up for the demonstration; else as the article tells it."""
    expected_breaches: tuple[Milestone, ...]
    ends: Outcome
    messages: tuple[PlannedMessage, ...]


class Timetable(Value):
    """The whole demonstration."""

    jurisdiction: Name
    first_day: Instant
    """The local midnight at which the clock begins."""
    published: Published
    cases: tuple[PlannedCase, ...]

    @property
    def published_at(self) -> datetime:
        """The end of the published day, local time."""
        day = datetime.strptime(self.published.day, "%Y-%m-%d").replace(tzinfo=self.first_day.tzinfo)
        return day.replace(hour=23, minute=59, second=59, microsecond=999_999)

    @property
    def ends_at(self) -> datetime:
        """When the last message is sent."""
        return max(message.at for case in self.cases for message in case.messages)


_UPDATES = ("unit/", "city/stability-team", "city/supervision-team", "city/revisit-team")
"""Offices whose own systems wait for a receipt; the others' messages come as signals."""


class _Row(BaseModel):
    """A part of the file, as it stands there."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class _MessageRow(_Row):
    model_config = ConfigDict(frozen=True, extra="allow")

    at: str
    by: Name
    kind: MessageKind
    refused: RefusalCode | None = None


class _CaseRow(_Row):
    case_no: Name
    received: str
    handed_in: str | None = None
    batch: int
    channel: Channel
    starred: bool = False
    county: Name
    location: Text
    categories: tuple[Category, ...]
    summary: Text
    responsible_unit: Name | None = None
    illustrative: bool
    expected_breaches: tuple[Milestone, ...]
    ends: Outcome = Outcome.CONCLUDED
    messages: tuple[_MessageRow, ...]


class _File(_Row):
    jurisdiction: Name
    first_day: Instant
    published: Published
    defaults: dict[MessageKind, dict[str, Any]]
    cases: Annotated[tuple[_CaseRow, ...], Field(min_length=1)]


def shipped_timetable() -> str:
    """The text of the timetable that comes with the product."""
    return resources.files("guatu.demo").joinpath("timetable.toml").read_text(encoding="utf-8")


def jurisdiction_of(text: str) -> str:
    """The name of the jurisdiction that a timetable is for."""
    return str(tomllib.loads(text)["jurisdiction"])


def read_timetable(text: str, jurisdiction: Jurisdiction) -> Timetable:
    """Read a timetable.

    Args:
        text: the text of the TOML file.
        jurisdiction: where the titles of the offices are looked up.

    Raises:
        TimetableError: an office is not in the jurisdiction.
        ValueError: the text is no timetable.
    """
    file = _File.model_validate(tomllib.loads(text))
    offices = _offices(jurisdiction)
    cases = tuple(_Reader(file, row, offices).case() for row in file.cases)
    return Timetable(jurisdiction=file.jurisdiction, first_day=file.first_day, published=file.published, cases=cases)


def _offices(jurisdiction: Jurisdiction) -> dict[str, str]:
    """Every office's id by its title; a unit's title is its name."""
    titles = jurisdiction.city_titles()
    for county in jurisdiction.counties:
        titles |= jurisdiction.county_titles(county)
    units = {unit.removeprefix("unit/"): unit for unit in jurisdiction.unit_ids()}
    return {title: office for office, title in titles.items()} | units


class _Reader:
    """Reads one case of the file."""

    def __init__(self, file: _File, row: _CaseRow, offices: Mapping[str, str]) -> None:
        self._file = file
        self._row = row
        self._offices = offices
        self._residents = 0

    def case(self) -> PlannedCase:
        row = self._row
        fields = row.model_dump(
            mode="json",
            exclude={"received", "handed_in", "illustrative", "expected_breaches", "ends", "messages"},
            exclude_none=True,
        )
        received_at = self._moment(row.received)
        given = {**fields, "received_at": received_at.isoformat(), "jurisdiction": self._file.jurisdiction}
        return PlannedCase(
            hand_over=HandOver.model_validate(given),
            handed_in=self._moment(row.handed_in or row.received),
            illustrative=row.illustrative,
            expected_breaches=row.expected_breaches,
            ends=row.ends,
            messages=tuple(self._message(number, message) for number, message in enumerate(row.messages, 1)),
        )

    def _message(self, number: int, row: _MessageRow) -> PlannedMessage:
        by = self._person(row.by)
        body: dict[str, Any] = {**self._file.defaults.get(row.kind, {}), **(row.model_extra or {})}
        if "lead_leader" in body:
            body["lead_leader"] = self._person(body["lead_leader"]).model_dump()
        if "complete_by" in body:
            body["complete_by"] = self._moment(body["complete_by"]).isoformat()
        if "answers" in body:
            body["responses"] = self._responses(body.pop("answers"), counts=row.refused is None)
        at = self._moment(row.at)
        message_id = f"demo-{self._row.case_no}-{number}"
        told = {"message_id": message_id, "by": by.model_dump(), "occurred_at": at.isoformat()}
        return PlannedMessage(
            at=at,
            kind=row.kind,
            body={**told, **body},
            by_update=by.office.startswith(_UPDATES),
            refused=row.refused,
        )

    def _person(self, given: str | Mapping[str, str]) -> Person:
        """Somebody of an office: by the office's title, or with a name where one is public."""
        title, name = (given, given) if isinstance(given, str) else (given["title"], given["name"])
        if title not in self._offices:
            raise TimetableError(f"case {self._row.case_no}: the jurisdiction has no office with the title {title!r}")
        return Person(office=self._offices[title], name=name)

    def _responses(self, answers: object, *, counts: bool) -> list[dict[str, str]]:
        """One answer for each resident; those of answers that will be refused are asked again."""
        by_opinion = cast("dict[str, int]", answers)
        opinions = [Opinion(opinion).value for opinion, times in by_opinion.items() for _ in range(times)]
        first = self._residents + 1
        responses = [
            {"respondent": f"居民{number:03}", "opinion": opinion} for number, opinion in enumerate(opinions, first)
        ]
        self._residents += len(responses) if counts else 0
        return responses

    def _moment(self, text: str) -> datetime:
        """A moment of the file, ``08-27 10:30``, in the year and the offset of its first day."""
        first_day = self._file.first_day
        return datetime.strptime(f"{first_day.year}-{text} {first_day:%z}", "%Y-%m-%d %H:%M %z")
