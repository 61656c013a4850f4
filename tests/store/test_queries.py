"""The named queries: each is right for the schema, and each is used."""

from importlib import resources
from pathlib import Path

import pytest

import store.queries as queries
from store.connection import Connection

FILES = sorted(
    file.name.removesuffix(".sql")
    for file in resources.files("store").joinpath("sql").iterdir()
    if file.name.endswith(".sql")
)


@pytest.mark.parametrize("name", FILES)
async def test_postgres_understands_every_query(admin: Connection, name: str) -> None:
    for query in queries.load(name).values():
        prepared = await admin.prepare(query.sql)
        assert len(prepared.get_parameters()) == len(query.parameters), query.sql


@pytest.mark.parametrize("name", FILES)
def test_every_query_is_used(name: str) -> None:
    code = "\n".join(file.read_text() for file in Path(queries.__file__).parent.glob("*.py"))
    for query in queries.load(name):
        assert f'"{query}"]' in code, f"no code uses the query {query} of {name}.sql: remove it"


def test_parameters_are_numbered_in_the_order_of_the_query() -> None:
    query = queries.Query("test", "SELECT :b::text, :a, :b, 'x'::text;")
    assert query.sql == "SELECT $1::text, $2, $1, 'x'::text"
    assert query(a=1, b=2) == (query.sql, 2, 1)


@pytest.mark.parametrize("given", [{"a": 1}, {"a": 1, "b": 2, "c": 3}])
def test_a_forgotten_or_unknown_parameter_is_a_mistake(given: dict[str, int]) -> None:
    with pytest.raises(TypeError, match=r"query test: missing or unknown parameters: [bc]"):
        queries.Query("test", "SELECT :a, :b")(**given)
