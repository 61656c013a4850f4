"""The store's parts in one object: each has what no other has, or one would do the other's work unseen."""

from collections import defaultdict

from store import Store


def test_no_part_hides_what_another_has() -> None:
    """Of two parts with one name in common the first has it, and no type checker says so."""
    parts: defaultdict[str, list[str]] = defaultdict(list)
    for part in Store.__bases__:
        for name in vars(part):
            if not name.startswith("__"):  # those that begin with it call the next one
                parts[name].append(part.__name__)
    assert {name: found for name, found in parts.items() if len(found) > 1} == {}, "give one of them another name"
