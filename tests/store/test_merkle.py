"""The tree of hashes: its roots are those of RFC 9162, and a proof leads to the root from its own leaf alone."""

from hashlib import sha256

import pytest

from store.merkle import proof_of, root_by, root_of


def leaves(count: int) -> list[bytes]:
    return [str(number).encode() for number in range(count)]


def by_definition(given: list[bytes]) -> bytes:
    """The root as RFC 9162 defines it, by recursion."""
    if not given:
        return sha256(b"").digest()
    if len(given) == 1:
        return sha256(b"\x00" + given[0]).digest()
    half = 1
    while half * 2 < len(given):
        half *= 2
    return sha256(b"\x01" + by_definition(given[:half]) + by_definition(given[half:])).digest()


def test_a_known_root() -> None:
    """The first test vectors of Certificate Transparency."""
    assert root_of([b""]).hex() == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    assert root_of([b"", b"\x00"]).hex() == "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"


@pytest.mark.parametrize("count", [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 31, 32, 33])
def test_every_leaf_is_proved_and_nothing_else(count: int) -> None:
    given = leaves(count)
    root = root_of(given)
    assert root == by_definition(given)
    for place, leaf in enumerate(given):
        proof = proof_of(given, place)
        assert root_by(leaf, place, count, proof) == root
        assert root_by(b"other", place, count, proof) != root
        assert root_by(leaf, place, count, (*proof, bytes(32))) is None
        if proof:
            assert root_by(leaf, place, count, proof[:-1]) is None
            assert root_by(leaf, place, count, (bytes(32), *proof[1:])) != root


def test_a_place_outside_proves_nothing() -> None:
    assert root_by(b"0", 1, 1, ()) is None
    assert root_by(b"0", -1, 1, ()) is None
