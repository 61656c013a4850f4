r"""The hash chain of a case's record: a changed, moved or removed entry breaks it at a place that can be named.

The hash of an entry is the SHA-256 of, in UTF-8 and with a line feed between: the case number, the entry's
sequence number, the hash of the entry before it in hex (empty for the first), and the entry's exact JSON text. In
Postgres the same is::

    sha256(convert_to(concat_ws(E'\n', case_no, seq, coalesce(encode(prev_hash, 'hex'), ''), entry), 'UTF8'))
"""

from hashlib import sha256


def entry_hash(case_no: str, seq: int, prev_hash: bytes | None, entry: str) -> bytes:
    """The hash of one entry.

    Args:
        case_no: The case number, which has no white space in it.
        seq: The entry's place in the record, from 1.
        prev_hash: The hash of the entry before; none for the first.
        entry: The entry's exact JSON text.

    Returns:
        The digest, 32 bytes.
    """
    before = prev_hash.hex() if prev_hash else ""
    return sha256(f"{case_no}\n{seq}\n{before}\n{entry}".encode()).digest()
