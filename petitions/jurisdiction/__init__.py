"""A jurisdiction: the file that says how a city, or a province, handles its cases, and every mistake in one.

The files that are shipped stand beside this room, in ``petitions/jurisdictions``.
"""
