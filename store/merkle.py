"""A tree of hashes over a list, as RFC 9162 (section 2.1) has it: one short root for all, and a short proof for each.

With the proof, that something is under the root can be checked without knowing anything of the rest.
"""

from collections.abc import Sequence
from hashlib import sha256


def root_of(leaves: Sequence[bytes]) -> bytes:
    """The root over these leaves in their order, 32 bytes."""
    if not leaves:
        return sha256(b"").digest()
    level = [_leaf(leaf) for leaf in leaves]
    while len(level) > 1:
        level = _above(level)
    return level[0]


def proof_of(leaves: Sequence[bytes], place: int) -> tuple[bytes, ...]:
    """The hashes that lead from one leaf up to the root.

    Args:
        leaves: All of them.
        place: Of the leaf, from 0.
    """
    proof: list[bytes] = []
    level = [_leaf(leaf) for leaf in leaves]
    while len(level) > 1:
        beside = place ^ 1
        if beside < len(level):
            proof.append(level[beside])
        level, place = _above(level), place // 2
    return tuple(proof)


def root_by(leaf: bytes, place: int, size: int, proof: Sequence[bytes]) -> bytes | None:
    """The root to which a proof leads; none: it is no proof for this place among so many leaves.

    Args:
        leaf: The leaf itself.
        place: Its place, from 0.
        size: How many leaves there are.
        proof: From ``proof_of``.
    """
    if not 0 <= place < size:
        return None
    reached, left = _leaf(leaf), list(proof)
    while size > 1:
        if place ^ 1 < size:
            if not left:
                return None
            beside = left.pop(0)
            reached = _node(beside, reached) if place % 2 else _node(reached, beside)
        place, size = place // 2, (size + 1) // 2
    return None if left else reached


def _leaf(content: bytes) -> bytes:
    return sha256(b"\x00" + content).digest()


def _node(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right).digest()


def _above(level: Sequence[bytes]) -> list[bytes]:
    """The next level; what stands alone at the end goes up as it is."""
    return [_node(*level[at : at + 2]) if at + 1 < len(level) else level[at] for at in range(0, len(level), 2)]
