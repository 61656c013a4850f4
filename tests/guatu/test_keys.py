"""``guatu keys``: what it prints, once, and what it refuses in one sentence."""

import re
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from guatu.embedded.postgres import DATABASE
from tests.guatu.running import guatu, one_sentence
from tests.store.servers import Server, as_role


@pytest.fixture
async def database(server: Server, template: str) -> AsyncGenerator[str]:
    """A migrated database of the test's own: a key that is issued ends local access for everybody on it."""
    async with server.database(f"TEMPLATE {template}") as url:
        yield as_role(url, DATABASE)


async def test_issue_list_revoke(database: str) -> None:
    settings = {"GUATU_DATABASE_URL": database}
    nothing = await guatu("keys", "list", settings=settings)
    assert (nothing.returncode, nothing.stdout) == (0, "")
    issued = await guatu("keys", "issue", "--office", "city/intake", "--label", "市信访局 张三", settings=settings)
    assert issued.returncode == 0, issued.stderr
    key = issued.stdout.strip()
    assert re.fullmatch(r"guatu_[0-9a-f]{8}_[0-9a-f]{64}", key)
    assert key not in issued.stderr
    id_, secret = key.split("_")[1:]
    system = await guatu("keys", "issue", "--system", "12345", "--label", "热线", "--days", "365", settings=settings)
    assert system.returncode == 0, system.stderr
    listed = await guatu("keys", "list", settings=settings)
    first, second = listed.stdout.splitlines()
    assert first == f"{id_}  good, no end, never used  city/intake  市信访局 张三"
    assert re.fullmatch(r"\w{8}  good, until \d{4}-\d\d-\d\d, never used  system 12345  热线", second)
    assert secret not in listed.stdout
    # The key itself may be given for its id; it is not repeated.
    revoked = await guatu("keys", "revoke", key, "--reason", "调离", settings=settings)
    assert revoked.returncode == 0, revoked.stderr
    assert secret not in revoked.stdout + revoked.stderr
    again = await guatu("keys", "revoke", id_, "--reason", "又一次", settings=settings)
    assert (again.returncode, "already: 调离" in again.stdout) == (0, True)
    listed = await guatu("keys", "list", settings=settings)
    assert re.match(rf"{id_}  revoked \d{{4}}-\d\d-\d\d: 调离  city/intake", listed.stdout)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("issue", "--office", "city/intke", "--label", "x"), "has no office 'city/intke': did you mean city/intake"),
        (("issue", "--office", "x", "--label", "x"), "达州市 (dazhou, GUATU_JURISDICTION) has no office 'x'"),
        (("issue", "--label", "x"), "give either --office or --system"),
        (("issue", "--office", "city/intake", "--system", "y", "--label", "x"), "give either --office or --system"),
        (("issue", "--office", "city/intake", "--label", " "), "--label must say whose key it is"),
        (("issue", "--system", "a\nb", "--label", "x"), "--system must be a name"),
        (("revoke", "deadbeef", "--reason", "x"), "there is no key 'deadbeef'"),
        (("revoke", "deadbeef", "--reason", " "), "--reason is empty"),
    ],
)
async def test_mistakes_are_one_sentence(database: str, arguments: tuple[str, ...], said: str) -> None:
    assert said in one_sentence(await guatu("keys", *arguments, settings={"GUATU_DATABASE_URL": database}))


async def test_settings_that_are_wrong_are_one_sentence(database: str, tmp_path: Path) -> None:
    settings = {"GUATU_DATABASE_URL": database}
    arguments = ("keys", "issue", "--office", "city/intake", "--label", "x")
    pepper = settings | {"GUATU_API_KEY_PEPPER_FILE": str(tmp_path / "none")}
    assert "GUATU_API_KEY_PEPPER_FILE" in one_sentence(await guatu(*arguments, settings=pepper))
    nowhere = settings | {"GUATU_JURISDICTION": "atlantis"}
    assert "there is no jurisdiction 'atlantis'" in one_sentence(await guatu(*arguments, settings=nowhere))
    assert (await guatu("keys", "list", settings=settings)).stdout == ""


async def test_a_database_without_a_schema_says_what_to_do(server: Server) -> None:
    async with server.database("ENCODING 'UTF8' TEMPLATE template0") as url:
        assert "run guatu migrate" in one_sentence(await guatu("keys", "list", settings={"GUATU_DATABASE_URL": url}))
