"""Postgres: the record for ever and the read model derived from it."""
