"""What schemathesis is told beyond the description: moments, days, cursors, lists of cases, and keys used once."""

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import schemathesis
from hypothesis import strategies as st

from store.reading import Cursor
from tests.intake.written_lists import workbook

_OFFSETS = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
_FIRST, _LAST = datetime(1901, 1, 1, tzinfo=UTC), datetime(2998, 12, 31, tzinfo=UTC)
_MOMENTS = st.datetimes(_FIRST.replace(tzinfo=None), _LAST.replace(tzinfo=None), timezones=_OFFSETS)
_NUMBERS = st.from_regex(r"[A-Z]{1,3}[0-9]{1,15}", fullmatch=True)

# The description has a pattern for the years; to find moments and days that fit it by chance takes too long.
schemathesis.openapi.format("date-time", _MOMENTS.map(datetime.isoformat))
schemathesis.openapi.format("date", st.dates(date(1900, 1, 1), date(2999, 12, 31)).map(date.isoformat))


def _cursor(at: datetime, case_no: str) -> str:
    return str(Cursor(received_at=at, case_no=case_no))


# Only this API can tell which cursors it has given out.
schemathesis.openapi.format("cursor", st.builds(_cursor, _MOMENTS, _NUMBERS))

# A schema cannot say what stands in a file. The lists are valid as lists; their rows need not be.
Rows = list[tuple[str, ...]]
_HEADER = ("受理编号", "交办时间", "来电来信", "县（市、区）", "地点", "污染类型", "反映问题")
_WORDS = st.text(st.characters(codec="utf-8", exclude_characters=',"', exclude_categories=["Cc", "Cs"]), max_size=20)
_SAME = [st.just(text) for text in ("2021-08-27 10:00", "来电", "通川区")]
_ROWS = st.lists(st.tuples(_NUMBERS, *_SAME, _WORDS, st.just("水、大气"), _WORDS), min_size=1, max_size=3)


def _csv(rows: Rows) -> str:
    return "".join(f"{','.join(row)}\n" for row in (_HEADER, *rows))


def _xlsx(rows: Rows) -> bytes:
    return workbook({"交办清单": [[*row] for row in (_HEADER, *rows)]})


schemathesis.openapi.format("list-csv", _ROWS.map(_csv))
schemathesis.openapi.media_type("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", _ROWS.map(_xlsx))


@schemathesis.serializer("application/x-ndjson")
def as_text(_context: schemathesis.SerializationContext, value: Any) -> bytes:
    """Texts go out as they are; what is no text has no form as JSON Lines, so nothing goes out."""
    return value if isinstance(value, bytes) else value.encode() if isinstance(value, str) else b""


@schemathesis.hook  # pyright: ignore[reportUnknownMemberType] - schemathesis leaves it open
def before_call(_context: schemathesis.HookContext, case: Any, _kwargs: dict[str, Any]) -> None:
    """Use each key once: generated ones are mostly "0", and what they are used for again is not looked at at all."""
    key = case.headers.get("Idempotency-Key") if case.headers else None
    if isinstance(key, str) and 0 < len(key) < 200:
        case.headers["Idempotency-Key"] = f"{key}{case.id}"
