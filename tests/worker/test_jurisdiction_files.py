"""Jurisdiction files are read again when they change; one that is wrong by then holds up no case."""

from pathlib import Path

import pytest

from activities.jurisdictions import Jurisdictions, NoSuchJurisdictionError, shipped_names
from petitions.jurisdiction.reading import JurisdictionError
from tests.worker.conftest import dazhou


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file that may be changed."""
    file = tmp_path / "here.toml"
    file.write_text(dazhou(), encoding="utf-8")
    return file


def test_a_changed_file_is_read_again(file: Path) -> None:
    jurisdictions = Jurisdictions(str(file))
    assert jurisdictions.get(None).version.startswith("2021-08+")
    assert jurisdictions.get(None) is jurisdictions.get(None)
    file.write_text(dazhou().replace('"2021-08"', '"2021-09"'), encoding="utf-8")
    assert jurisdictions.get(None).version.startswith("2021-09+")


@pytest.mark.parametrize("wrong", [b"", b"id = [", "name = '达州市'".encode("gbk")])
def test_what_was_read_before_holds_until_a_wrong_file_is_mended(file: Path, wrong: bytes) -> None:
    jurisdictions = Jurisdictions(str(file))
    before = jurisdictions.get(None)
    file.write_bytes(wrong)
    assert jurisdictions.get(None) is before
    with pytest.raises(JurisdictionError):
        Jurisdictions(str(file)).get(None)
    file.write_text(dazhou().replace('"2021-08"', '"2021-09"'), encoding="utf-8")
    assert jurisdictions.get(None).version.startswith("2021-09+")


def test_what_was_read_before_holds_while_the_file_is_gone(file: Path) -> None:
    jurisdictions = Jurisdictions(str(file))
    before = jurisdictions.get(None)
    file.unlink()
    assert jurisdictions.get(None) is before
    with pytest.raises(NoSuchJurisdictionError):
        Jurisdictions(str(file)).get(None)


def test_a_case_may_name_a_shipped_file_but_no_path(file: Path) -> None:
    jurisdictions = Jurisdictions("dazhou")
    assert jurisdictions.get("dazhou") is jurisdictions.get(None)
    assert "dazhou" in shipped_names()
    with pytest.raises(NoSuchJurisdictionError, match="there is no jurisdiction"):
        jurisdictions.get(str(file))
