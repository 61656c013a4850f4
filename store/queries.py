"""Named queries: SQL stands in ``store/sql/*.sql``, each query under a line ``-- name: what it is for``.

Parameters are written ``:name`` and become ``$1``, ``$2``, … in the order in which they first appear.
"""

import re
from collections.abc import Mapping
from importlib import resources

_HEADING = re.compile(r"^-- (\w+): .+$", re.MULTILINE)
_PARAMETER = re.compile(r"(?<![:\w]):([a-z]\w*)")


_names: dict[str, str] = {}


class Query:
    """One query, to be called with its parameters by name: ``connection.fetch(*QUERY(case_no="X1"))``.

    Attributes:
        sql: The text for asyncpg, with numbered parameters.
        parameters: Their names, in that order.
    """

    def __init__(self, name: str, text: str) -> None:
        self._name = name
        self.parameters = tuple(dict.fromkeys(_PARAMETER.findall(text)))
        numbers = {parameter: f"${number}" for number, parameter in enumerate(self.parameters, 1)}
        self.sql = _PARAMETER.sub(lambda found: numbers[found[1]], text).strip().removesuffix(";")
        _names[self.sql] = name

    def __call__(self, **values: object) -> tuple[str, *tuple[object, ...]]:
        """The query's text, followed by the values in its order.

        Raises:
            TypeError: A parameter is missing or there is no such parameter.
        """
        if values.keys() != set(self.parameters):
            wrong = ", ".join(sorted(values.keys() ^ set(self.parameters)))
            raise TypeError(f"query {self._name}: missing or unknown parameters: {wrong}")
        return (self.sql, *(values[parameter] for parameter in self.parameters))


def name_of(sql: str) -> str | None:
    """The name of the query with this text, ``<file>.<query>``; none of what is no named query."""
    return _names.get(sql)


def load(name: str) -> Mapping[str, Query]:
    """The queries of ``store/sql/<name>.sql``, by their names."""
    text = resources.files("store").joinpath("sql", f"{name}.sql").read_text("utf-8")
    _, *parts = _HEADING.split(text)
    return {query: Query(f"{name}.{query}", sql) for query, sql in zip(parts[::2], parts[1::2], strict=True)}
