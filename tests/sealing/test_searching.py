"""The search finds a planted word in every writing; else a clean search would say nothing."""

import base64
import gzip
import json
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.sealing.searching import Files, Finding, Texts, search_everything

NEEDLES = ("王秘密", "13800001111", "密巷7号")


@pytest.mark.parametrize("needle", NEEDLES)
@pytest.mark.parametrize("before", ["", "x", "xy", "xyz", "甲"])
async def test_every_writing_is_found(needle: str, before: str, tmp_path: Path) -> None:
    text = f"{before}{needle}乙"
    planted = {
        "plain": text.encode(),
        "gbk": text.encode("gbk"),
        "utf-16": text.encode("utf-16"),
        "json": json.dumps({"name": text}).encode(),
        "log of json": json.dumps({"event": json.dumps({"name": text})}).encode(),
        "base64": b"AA" + base64.b64encode(text.encode()),
        "base64 of json": base64.urlsafe_b64encode(json.dumps({"a": text}, ensure_ascii=False).encode()),
        "address": quote(text).encode(),
        "hex": b"\\x" + text.encode().hex().encode(),
        "bytes in a log": repr(text.encode()).encode(),
    }
    for name, content in planted.items():
        (tmp_path / name).write_bytes(b"before" + content + b"after")
    (tmp_path / "innocent").write_bytes("王 13800001112 密巷8号".encode())
    found = await search_everything([needle], Files(tmp_path))
    assert {finding.where for finding in found} == planted.keys()


async def test_nothing_is_found_where_nothing_is() -> None:
    assert await search_everything(NEEDLES, Texts({"a": "王密密 1380000111 密巷"})) == []
    found = await search_everything(NEEDLES, Texts({"a": "", "b": "打13800001111"}))
    assert Finding("13800001111", "utf-8", "b") in found
    assert {(finding.needle, finding.where) for finding in found} == {("13800001111", "b")}


async def test_an_empty_place_is_no_clean_place(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="there is nothing in"):
        await search_everything(NEEDLES, Files(tmp_path))


async def test_what_is_compressed_is_not_found_by_a_search_of_files(tmp_path: Path) -> None:
    """Why tables and histories are read through their servers, and not by their files alone."""
    (tmp_path / "x").write_bytes(gzip.compress(("王秘密" * 20).encode()))
    assert await search_everything(NEEDLES, Files(tmp_path)) == []
