"""Jurisdiction files that are shipped: one TOML file for each jurisdiction, named by its ``id``.

A city starts from a copy of one of them and sets ``GUATU_JURISDICTION`` to its path. A province's file has the same
form with ``level = "province"``; its cities and prefectures then stand as the ``counties``.
"""
