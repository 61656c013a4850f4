"""Postgres: the record for ever and the read model derived from it.

The record (``case_event``) is append-only and hash-chained within a case; everything that the pages and lists show
is folded from it by ``petitions.evolution`` and can be made anew. No rule of the procedure stands here.
"""

from store.connection import open_pool
from store.errors import (
    RecordConflictError,
    RecordGapError,
    SchemaError,
    StoreAwayError,
    StoreError,
    StoreMisconfiguredError,
)
from store.schema import SchemaState, migrate, prepare_schema, schema_state
from store.store import Store

__all__ = [
    "RecordConflictError",
    "RecordGapError",
    "SchemaError",
    "SchemaState",
    "Store",
    "StoreAwayError",
    "StoreError",
    "StoreMisconfiguredError",
    "migrate",
    "open_pool",
    "prepare_schema",
    "schema_state",
]
