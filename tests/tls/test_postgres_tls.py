"""A real Postgres that takes nothing but TLS: whose certificates are wrong is told which, and what to set."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlencode

import pytest

from store import StoreError, StoreMisconfiguredError, migrate, open_pool
from store.connection import connected
from store.tls import tls_fault
from tests.certificates import Authority, Pair
from tests.guatu.running import guatu, one_sentence
from tests.system_postgres import SystemPostgres, system_postgres

PASSWORD = "p&ss /w=rd%"  # noqa: S105 - of a server that ends with the test


@dataclass(frozen=True)
class Secured:
    """A server with TLS, and what is needed to get in.

    Attributes:
        server: It wants the password of ``guatu``, and a certificate of ``official`` as well (mutual TLS).
        authority: Who signed the server's certificate.
        official: The client's own pair.
        other: An authority that signed nothing here.
        stranger: A pair that ``other`` has signed.
    """

    server: SystemPostgres
    authority: Authority
    official: Pair
    other: Authority
    stranger: Pair

    def url(self, parameters: Mapping[str, object], host: str = "localhost") -> str:
        """An address by TCP."""
        return f"postgresql://guatu@{host}:{self.server.port}/guatu?{urlencode(parameters)}"

    def good(self) -> dict[str, object]:
        """The parameters that get in, with the password."""
        return {
            "sslmode": "verify-full",
            "sslrootcert": self.authority.certificate,
            "sslcert": self.official.certificate,
            "sslkey": self.official.key,
        }


@pytest.fixture(scope="module")
async def secured(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Secured]:
    directory = tmp_path_factory.mktemp("certificates")
    authority, other = Authority(directory, "authority"), Authority(directory, "other")
    server_pair = authority.signed("postgres", hosts=("localhost",))
    settings = {
        "ssl": "on",
        "ssl_cert_file": "{directory}/server.pem",
        "ssl_key_file": "{directory}/server.key",
        "ssl_ca_file": "{directory}/ca.pem",
        "password_encryption": "scram-sha-256",
    }
    access = ["hostssl all guatu 127.0.0.1/32 scram-sha-256 clientcert=verify-ca", "host all all all reject"]
    files = {
        "server.pem": server_pair.certificate.read_bytes(),
        "server.key": server_pair.key.read_bytes(),
        "ca.pem": authority.certificate.read_bytes(),
    }
    async with system_postgres(settings, access, files) as server:
        await server.execute(f"CREATE ROLE guatu LOGIN PASSWORD '{PASSWORD}'", "CREATE DATABASE guatu OWNER guatu")
        yield Secured(server, authority, authority.signed("guatu"), other, other.signed("guatu"))


def with_password(url: str) -> str:
    return f"{url}&password={quote(PASSWORD, safe='')}"


async def told(url: str) -> str:
    """With which words the store refuses this address for good."""
    with pytest.raises(StoreMisconfiguredError) as refused:
        async with open_pool(with_password(url)):
            pass
    with pytest.raises(StoreMisconfiguredError):
        await migrate(with_password(url))
    return str(refused.value)


async def test_it_gets_in_by_mutual_tls_and_the_connection_is_encrypted(secured: Secured) -> None:
    url = with_password(secured.url(secured.good()))
    await migrate(url)
    async with open_pool(url) as pool, connected(pool) as connection:
        assert await connection.fetchval("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()") is True


async def test_another_authority_signed_the_servers_certificate(secured: Secured) -> None:
    said = await told(secured.url(secured.good() | {"sslrootcert": secured.other.certificate}))
    assert "the certificate of Postgres is not trusted" in said
    assert "sslrootcert" in said


async def test_the_certificate_names_another_host(secured: Secured) -> None:
    said = await told(secured.url(secured.good(), host="127.0.0.1"))
    assert "not valid for '127.0.0.1'" in said
    assert "database URL has the host" in said


async def test_without_a_certificate_of_its_own(secured: Secured) -> None:
    said = await told(secured.url({"sslmode": "verify-full", "sslrootcert": secured.authority.certificate}))
    assert "connection requires a valid client certificate" in said


async def test_a_strangers_certificate(secured: Secured) -> None:
    parameters = secured.good() | {"sslcert": secured.stranger.certificate, "sslkey": secured.stranger.key}
    with pytest.raises(StoreError, match="may not accept our certificate"):
        await migrate(with_password(secured.url(parameters)))


async def test_without_tls(secured: Secured) -> None:
    assert "no encryption" in await told(secured.url({"sslmode": "disable"}))


async def test_a_wrong_password(secured: Secured) -> None:
    with pytest.raises(StoreMisconfiguredError, match="password authentication failed"):
        await migrate(f"{secured.url(secured.good())}&password=wrong")


async def test_a_certificate_that_is_renewed_needs_no_restart(secured: Secured, tmp_path: Path) -> None:
    """asyncpg reads the files for every connection: the pool that began with a wrong one gets in with the right."""
    certificate, key = tmp_path / "tls.crt", tmp_path / "tls.key"

    def put(pair: Pair) -> None:
        certificate.write_bytes(pair.certificate.read_bytes())
        key.write_bytes(pair.key.read_bytes())

    put(secured.stranger)
    url = with_password(secured.url(secured.good() | {"sslcert": certificate, "sslkey": key}))
    async with open_pool(url, min_size=0) as pool:
        with pytest.raises(StoreError):
            async with connected(pool):
                pass
        await asyncio.to_thread(put, secured.official)
        async with connected(pool) as connection:
            assert await connection.fetchval("SELECT 1") == 1


async def test_a_command_with_its_secrets_in_files(secured: Secured, tmp_path: Path) -> None:
    password = tmp_path / "password"
    password.write_text(PASSWORD + "\n")
    settings = {"GUATU_DATABASE_URL": secured.url(secured.good()), "GUATU_DATABASE_PASSWORD_FILE": str(password)}
    done = await guatu("migrate", settings=settings)
    assert done.returncode == 0, done.stderr
    assert PASSWORD not in done.stdout + done.stderr


async def test_a_command_says_what_is_wrong_and_no_secret(secured: Secured, tmp_path: Path) -> None:
    url = secured.url(secured.good() | {"sslrootcert": secured.other.certificate})
    done = await guatu("migrate", settings={"GUATU_DATABASE_URL": url, "GUATU_DATABASE_PASSWORD": PASSWORD})
    assert "is not trusted" in one_sentence(done)
    assert PASSWORD not in done.stderr
    done = await guatu("figures", settings={"GUATU_DATABASE_URL": secured.url({"sslrootcert": tmp_path / "none.pem"})})
    assert one_sentence(done) == (
        f"GUATU_DATABASE_URL is wrong: sslrootcert={tmp_path / 'none.pem'}: No such file or directory"
    )


def test_what_is_wrong_is_found_before_anybody_connects(tmp_path: Path) -> None:
    authority = Authority(tmp_path, "authority")
    pair, another = authority.signed("guatu"), authority.signed("another")
    junk = tmp_path / "junk.pem"
    junk.write_text("no certificate\n")

    def fault(**parameters: object) -> str:
        return tls_fault("postgresql://guatu@host/guatu?" + urlencode(parameters)) or ""

    assert fault(sslmode="always").startswith("sslmode=always must be one of disable, allow")
    assert fault(sslcert=tmp_path).startswith(f"sslcert={tmp_path}: Is a directory")
    assert fault(sslmode="verify-ca", sslrootcert=junk) == f"sslrootcert={junk} holds nothing that can be read as PEM"
    assert "KEY_VALUES_MISMATCH" in fault(sslcert=pair.certificate, sslkey=another.key)
    assert "are not a certificate and its key" in fault(sslcert=junk, sslkey=pair.key)
    assert "needs its certificate" in fault(sslkey=pair.key)
    assert not fault(
        sslmode="verify-full", sslrootcert=authority.certificate, sslcert=pair.certificate, sslkey=pair.key
    )
    assert not fault(sslmode="disable", sslcert=junk)


def test_libpqs_environment_counts_too(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PGSSLROOTCERT", str(tmp_path / "none.pem"))
    assert tls_fault("postgresql://guatu@host/guatu?sslmode=verify-full") == (
        f"sslrootcert={tmp_path / 'none.pem'}: No such file or directory"
    )
