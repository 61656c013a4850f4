"""The figures that the city publishes, as of any moment."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from petitions.figures import CaseFacts, figures

START = datetime(2021, 8, 27, tzinfo=UTC)


def _case(
    number: int, county: str = "万源市", *, day: int = 0, starred: bool = False, concluded: int | None = None
) -> CaseFacts:
    return CaseFacts(
        case_no=f"X{number}",
        county=county,
        received_at=START + timedelta(days=day),
        starred=starred,
        concluded_at=None if concluded is None else START + timedelta(days=concluded),
    )


def test_no_case_at_all() -> None:
    assert figures([], START).model_dump() == {"received": 0, "concluded": 0, "starred": 0, "by_county": {}}


def test_as_of_a_moment() -> None:
    """What came later is not counted: neither a case nor a conclusion; the moment itself is."""
    cases = [
        _case(1, day=0, starred=True, concluded=3),
        _case(2, "宣汉县", day=1, concluded=2),
        _case(3, day=2),
        _case(4, "渠县", day=4, starred=True),
    ]
    assert figures(cases, START + timedelta(days=2)).model_dump() == {
        "received": 3,
        "concluded": 1,
        "starred": 1,
        "by_county": {"万源市": 2, "宣汉县": 1},
    }
    assert figures(cases, START - timedelta(seconds=1)).received == 0
    assert figures(cases, START + timedelta(days=9)).model_dump() == {
        "received": 4,
        "concluded": 2,
        "starred": 2,
        "by_county": {"万源市": 2, "宣汉县": 1, "渠县": 1},
    }


_CASES = st.lists(
    st.builds(
        _case,
        st.integers(0, 99),
        st.sampled_from(["万源市", "宣汉县", "渠县"]),
        day=st.integers(0, 9),
        starred=st.booleans(),
        concluded=st.none() | st.integers(0, 12),
    ),
    max_size=12,
)


@given(_CASES, st.integers(0, 12), st.integers(0, 12))
def test_figures_only_grow_and_add_up(cases: list[CaseFacts], first: int, second: int) -> None:
    early, late = sorted((first, second))
    before = figures(cases, START + timedelta(days=early))
    after = figures(reversed(cases), START + timedelta(days=late))
    assert before.received <= after.received
    assert before.concluded <= after.concluded
    assert before.starred <= after.starred
    for shown in (before, after):
        assert sum(shown.by_county.values()) == shown.received
        assert max(shown.concluded, shown.starred) <= shown.received
        assert 0 not in shown.by_county.values()
