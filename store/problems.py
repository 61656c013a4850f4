"""What a check has found, in plain words: where it is, what is wrong, and what to do."""

from petitions.values import Value

RESTORE = (
    "find out who had the rights of the table's owner, and compare with a backup, an exported case file or an "
    "exported head: guatu never mends the record"
)
"""What to do where the record itself is not as it was written."""
REPAIR = "once the record itself is found right, guatu rebuild --repair mends the read model"
"""What to do where the read model does not follow from the record."""


class Problem(Value):
    """Where something is not as it was written."""

    case_no: str | None = None
    """The case; none: it concerns no single case."""
    seq: int | None = None
    """The entry; of several missing ones the first."""
    head: int | None = None
    """The number of the head; none: it is about no head."""
    what: str
    todo: str = RESTORE

    @property
    def where(self) -> str:
        """Where it is, in words."""
        case = [f"case {self.case_no}"] if self.case_no is not None else []
        entry = [f"entry {self.seq}"] if self.seq is not None else []
        head = [f"head {self.head}"] if self.head is not None else []
        return ", ".join((*case, *entry, *head))

    @property
    def line(self) -> str:
        """The whole finding on one line."""
        told = f"{self.what}; {self.todo}" if self.todo else self.what
        return f"{self.where}: {told}" if self.where else told


def entries_told(first: int, last: int) -> str:
    """So many entries in words: ``entry 4`` or ``entries 4 to 6``, with the verb that follows."""
    return f"entry {first} is" if first == last else f"entries {first} to {last} are"
