"""What can go wrong in the store; ``str()`` of each is a sentence or two for the operator.

StoreError
├── StoreAwayError              Postgres cannot be reached or does not answer now: try again
├── StoreMisconfiguredError     it answers, but does not let us in or is not fit: somebody must change a setting
├── SchemaError                 the schema is not the one this version works with
├── RecordConflictError         another entry stands in the record where this one should
└── RecordGapError              entries before this one are missing from the record
"""


class StoreError(Exception):
    """The store did not do what was asked; nothing of it has been done."""


class StoreAwayError(StoreError):
    """Postgres is away or too slow now; the same again later can succeed.

    Whether the work was done is not known when the connection broke in the middle of it: everything in the store
    may be repeated.
    """


class StoreMisconfiguredError(StoreError):
    """Postgres answers, but the address, the role or the database is wrong."""


class SchemaError(StoreError):
    """The schema of the database is behind this version, or was made by one that it does not know."""


class RecordConflictError(StoreError):
    """An entry contradicts what is recorded already; the record stays as it is.

    Attributes:
        case_no: The case.
        seq: The entry's place in its record.
    """

    def __init__(self, case_no: str, seq: int, reason: str) -> None:
        self.case_no = case_no
        self.seq = seq
        super().__init__(f"entry {seq} of case {case_no} cannot be recorded: {reason}")


class RecordGapError(StoreError):
    """Entries are missing before the one given.

    Attributes:
        case_no: The case.
        expected_seq: The entry that must come next.
    """

    def __init__(self, case_no: str, expected_seq: int, given_seq: int) -> None:
        self.case_no = case_no
        self.expected_seq = expected_seq
        super().__init__(
            f"entry {given_seq} of case {case_no} came before entry {expected_seq}: send them from {expected_seq} on"
        )
