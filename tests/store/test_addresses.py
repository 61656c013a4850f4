"""Addresses of databases: what is wrong with one is said before anybody connects, without its password."""

import pytest

from store.addresses import address_fault, hosts_of

GOOD = [
    "",
    "postgresql://guatu@127.0.0.1/guatu",
    "postgres://guatu:secret@db.city:5432/guatu?sslmode=verify-full",
    "postgresql://guatu@[::1]:5432/guatu",
    "postgresql://guatu@first:5432,second:5433/guatu",
    "postgresql://guatu@%2Fvar%2Frun%2Fpostgresql/guatu",
    "postgresql:///guatu?host=/var/run/postgresql&user=guatu",
]
WRONG = {
    "mysql://guatu:secret@db.city/guatu": "must begin with postgresql://",
    "db.city/guatu": "must begin with postgresql://",
    "postgresql://guatu:12/secret@db.city/guatu": "special in its password",
    "postgresql://guatu:12#secret@db.city/guatu": "special in its password",
    "postgresql://guatu:secret@db.city:port/guatu": "db.city:port is no host with a port",
    "postgresql://guatu:secret@[::1/guatu": "no address of a database",
}


@pytest.mark.parametrize("given", GOOD)
def test_what_can_be_read_has_no_fault(given: str) -> None:
    assert address_fault(given) is None


@pytest.mark.parametrize("given", WRONG)
def test_what_is_wrong_is_told_without_the_password(given: str) -> None:
    fault = address_fault(given)
    assert fault is not None
    assert WRONG[given] in fault
    assert "secret" not in fault
    assert "12" not in fault
    assert "\n" not in fault


def test_an_account_without_a_name_must_name_a_role(monkeypatch: pytest.MonkeyPatch) -> None:
    def nameless() -> str:
        raise KeyError("no entry in the password database")

    monkeypatch.delenv("PGUSER", raising=False)
    assert address_fault("postgresql://db.city/guatu") is None, "the account's own name is the role"
    monkeypatch.setattr("getpass.getuser", nameless)
    assert address_fault("postgresql://db.city/guatu") == "it names no role: postgresql://ROLE@host/database"
    assert address_fault("postgresql://guatu@db.city/guatu") is None


def test_hosts_are_told_without_their_ports() -> None:
    assert hosts_of("postgresql://guatu@first:5432,second/guatu") == ["first", "second"]
    assert hosts_of("postgresql://guatu@[::1]:5432/guatu") == ["[::1]"]
    assert hosts_of("postgresql:///guatu?host=db.city") == ["db.city"]
