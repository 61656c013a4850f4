"""Settings, from the environment and from files: every mistake is told with the name of the variable."""

from pathlib import Path

import pytest

from api.settings import ApiSettings
from guatu.errors import SettingsError
from guatu.services import inherited_settings
from guatu.settings import read_settings
from store.settings import DatabaseSettings

URL = "postgresql://guatu@localhost/guatu"


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GUATU_DATABASE_URL", "GUATU_DATABASE_PASSWORD", "GUATU_API_PORT"):
        monkeypatch.delenv(name, raising=False)


def refused(monkeypatch: pytest.MonkeyPatch, **settings: str) -> str:
    with monkeypatch.context() as only:
        for name, value in settings.items():
            only.setenv(name, value)
        with pytest.raises(SettingsError) as error:
            read_settings(DatabaseSettings)
    return str(error.value)


@pytest.mark.parametrize(
    ("url", "whole"),
    [
        (URL, f"{URL}?password=a%26b%2F%20%25"),
        (f"{URL}?sslmode=require", f"{URL}?sslmode=require&password=a%26b%2F%20%25"),
        ("postgresql:///guatu?host=/run", "postgresql:///guatu?host=/run&password=a%26b%2F%20%25"),
    ],
)
def test_the_password_is_kept_apart(monkeypatch: pytest.MonkeyPatch, url: str, whole: str) -> None:
    monkeypatch.setenv("GUATU_DATABASE_URL", url)
    monkeypatch.setenv("GUATU_DATABASE_PASSWORD", "a&b/ %")
    settings = read_settings(DatabaseSettings)
    assert settings.database_url == whole
    assert "a&b" not in repr(settings)
    assert "a%26b" not in repr(settings)


def test_any_setting_may_stand_in_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name, value in {"url": f"{URL}\n", "password": "secret\r\n", "port": "8090"}.items():
        (tmp_path / name).write_text(value)
    monkeypatch.setenv("GUATU_DATABASE_URL_FILE", str(tmp_path / "url"))
    monkeypatch.setenv("GUATU_DATABASE_PASSWORD_FILE", str(tmp_path / "password"))
    monkeypatch.setenv("GUATU_API_PORT_FILE", str(tmp_path / "port"))
    settings = read_settings(ApiSettings)
    assert settings.database_url == f"{URL}?password=secret"
    assert settings.api_port == 8090


def test_mistakes_are_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file, empty, binary = tmp_path / "file", tmp_path / "empty", tmp_path / "binary"
    file.write_text("secret")
    empty.write_text("\n")
    binary.write_bytes(b"\xff\xfe")

    def with_url(**settings: str) -> str:
        return refused(monkeypatch, GUATU_DATABASE_URL=URL, **settings)

    none = str(tmp_path / "none")
    variable = "GUATU_DATABASE_PASSWORD_FILE"
    assert with_url(GUATU_DATABASE_PASSWORD_FILE=none) == f"{variable}={none}: No such file or directory"
    assert with_url(GUATU_DATABASE_PASSWORD_FILE=str(empty)) == f"{variable}={empty}: the file is empty"
    assert with_url(GUATU_DATABASE_PASSWORD_FILE=str(binary)) == f"{variable}={binary}: it is not UTF-8"
    both = with_url(GUATU_DATABASE_PASSWORD="x", GUATU_DATABASE_PASSWORD_FILE=str(file))  # noqa: S106 - a word
    assert both == f"GUATU_DATABASE_PASSWORD and {variable} are both set: set one of them"
    twice = refused(monkeypatch, GUATU_DATABASE_URL="postgresql://a:b@host/c", GUATU_DATABASE_PASSWORD="x")  # noqa: S106
    assert twice == "GUATU_DATABASE_PASSWORD is set, and GUATU_DATABASE_URL has a password: give it once"
    assert refused(monkeypatch).startswith("GUATU_DATABASE_URL is not set")


def test_a_wrong_value_in_a_file_is_told_by_its_settings_name(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "count").write_text("many\n")
    said = refused(monkeypatch, GUATU_DATABASE_URL=URL, GUATU_DATABASE_CONNECTIONS_FILE=str(tmp_path / "count"))
    assert said.startswith("GUATU_DATABASE_CONNECTIONS is wrong: ")


def test_children_on_the_embedded_servers_get_no_way_into_another_database(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GUATU_DATABASE_URL", "GUATU_DATABASE_PASSWORD_FILE", "GUATU_DATABASE_PASSWORD"):
        monkeypatch.setenv(name, "x")
    monkeypatch.setenv("GUATU_DATABASE_CONNECTIONS", "7")
    inherited = inherited_settings()
    assert inherited["GUATU_DATABASE_CONNECTIONS"] == "7"
    assert not [name for name in inherited if name.startswith(("GUATU_DATABASE_URL", "GUATU_DATABASE_PASSWORD"))]
