"""What a form is made of: fields, each with how it is filled in and what it takes."""

from enum import StrEnum

from petitions.values import Value

Choice = tuple[str, str]
"""What is sent, and what a person reads."""


class Shape(StrEnum):
    """How a field is filled in."""

    TEXT = "text"
    """Several lines."""
    LINE = "line"
    CHOICE = "choice"
    """One of a few words, all of them seen."""
    SELECT = "select"
    """One of many, in groups."""
    MANY = "many"
    """Any number of a few."""
    MOMENT = "moment"
    """Day and hour in local time."""
    WHOLE = "whole"
    AMOUNT = "amount"
    PEOPLE = "people"
    """A person or an office on each line."""
    NAMES = "names"
    """A name on each line."""
    ANSWERS = "answers"
    """Survey answers, one in each row."""
    FILES = "files"


class FormField(Value):
    """A field of a form."""

    name: str
    """Its place in the body, with points: ``lead_leader.office``."""
    label: str
    shape: Shape
    help: str = ""
    beside: bool = False
    """It is no part of the message: files that are kept with the case, and named in the message's text."""
    required: bool = False
    longest: int | None = None
    """Characters, or items, at the most."""
    least: int | None = None
    greatest: int | None = None
    groups: tuple[tuple[str, tuple[Choice, ...]], ...] = ()
    """What there is to choose, in named groups."""
    questions: tuple[str, ...] = ()
    """Of survey answers: what the residents are asked, as the jurisdiction file has it."""
    folded: str = ""
    """Under which heading it is folded away; empty: it is seen."""

    @property
    def choices(self) -> tuple[Choice, ...]:
        """All there is to choose."""
        return tuple(choice for _, choices in self.groups for choice in choices)


class Form(Value):
    """A form for one message on one case."""

    kind: str
    """A ``MessageKind``, or ``REOPEN``."""
    title: str
    button: str
    fields: tuple[FormField, ...]
    initial: dict[str, tuple[str, ...]]
    """What stands in it at first, by the fields' names."""
    note: str = ""
