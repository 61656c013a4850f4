"""The record by the command line: verified, covered by heads, exported, rebuilt; and case files checked anywhere."""

import json
import stat
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from guatu.case_files import case_file, problems_of, read_case_file, write_case_file
from guatu.errors import CommandError
from guatu.head_files import read_heads
from guatu.signatures import SigningKey, new_signing_key, read_public_key, read_signing_key
from store import Store, open_pool
from store.complainants import SealedDetails
from store.connection import Connection
from tests.guatu.running import guatu, one_sentence
from tests.petitions.building import concluded, rectifying
from tests.store.planting import forge_whole_record, keep, keep_with_report, read_model, tamper
from tests.store.servers import Server

LAST = len(concluded().entries)


@dataclass(frozen=True)
class House:
    """A database of the test's own: X1 open, X2 concluded."""

    url: str
    store: Store
    admin: Connection

    @property
    def settings(self) -> dict[str, str]:
        return {"GUATU_DATABASE_URL": self.url}

    async def run(self, *arguments: str | Path, status: int = 0) -> str:
        """What the command prints."""
        done = await guatu(*arguments, settings=self.settings)
        assert done.returncode == status, (done.stdout, done.stderr)
        return done.stdout


@pytest.fixture
async def house(server: Server, template: str) -> AsyncGenerator[House]:
    async with server.database(f"TEMPLATE {template}") as url:
        admin: Connection = await asyncpg.connect(url)
        try:
            async with open_pool(url, max_size=3) as pool:
                store = Store(pool)
                await keep(store, rectifying())
                await keep_with_report(store, concluded(case_no="X2"))
                yield House(url, store, admin)
        finally:
            await admin.close()


@pytest.fixture
def key(tmp_path: Path) -> SigningKey:
    new_signing_key(tmp_path / "key")
    return read_signing_key(tmp_path / "key")


async def test_heads_are_written_exported_and_hold_the_record(house: House, tmp_path: Path) -> None:
    file, key = tmp_path / "heads.jsonl", tmp_path / "key"
    assert "is written: 2 cases" in await house.run("heads", "write")
    assert "is there already: 2 cases" in await house.run("heads", "write")
    assert f"public in {key}.pub" in await house.run("heads", "key", "new", key)
    assert "1 heads are in" in await house.run("heads", "export", file, "--key", key)
    before = file.read_text(encoding="utf-8")
    assert "0 of them new" in await house.run("heads", "export", file, "--key", key)
    assert file.read_text(encoding="utf-8") == before
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    checked = ("verify", "--heads", file, "--key", f"{key}.pub")
    assert await house.run(*checked) == "the record is as it was written\n"
    # Rewritten with all that stands in the database, heads as well: the file alone knows it.
    await forge_whole_record(house.admin, "X1", "电站断流", "平安无事")
    await house.store.rebuild()
    await tamper(house.admin, "TRUNCATE record_head, record_head_tip")
    await house.run("heads", "write")
    assert await house.run("verify") == "the record is as it was written\n"
    said = (await house.run(*checked, status=1)).splitlines()
    assert said[0].startswith("head 1: the database has another head of ")
    assert said[1].startswith("case X1, entry ")
    assert "it was rewritten after the head was made" in said[1]
    assert said[-1] == "2 problems found"
    refused = await guatu("heads", "export", file, "--key", key, settings=house.settings)
    assert "keep the file as it is and run guatu verify --heads" in one_sentence(refused)
    assert file.read_text(encoding="utf-8") == before


async def test_a_file_of_heads_that_was_tampered_with_is_named(house: House, tmp_path: Path) -> None:
    file, key = tmp_path / "heads.jsonl", tmp_path / "key"
    await house.run("heads", "write")
    await house.run("heads", "key", "new", key)
    await house.run("heads", "export", file, "--key", key)
    checked = ("verify", "--heads", file, "--key", f"{key}.pub")
    good = file.read_text(encoding="utf-8")
    head = json.loads(good)
    head["tips"][0]["seq"] += 1
    file.write_text(json.dumps(head) + "\n", encoding="utf-8")
    said = await house.run(*checked, status=1)
    assert "head 1: what it is said to cover is not what it covered when it was written" in said
    assert "case X1, entry " in said
    head = json.loads(good) | {"cases": 9}
    file.write_text(json.dumps(head) + "\n", encoding="utf-8")
    assert "head 1: its hash does not fit its content" in await house.run(*checked, status=1)
    head = json.loads(good) | {"signature": None}
    file.write_text(json.dumps(head) + "\n", encoding="utf-8")
    assert "head 1: it is not signed" in await house.run(*checked, status=1)
    await house.run("heads", "key", "new", tmp_path / "other")
    file.write_text(good, encoding="utf-8")
    other = await house.run("verify", "--heads", file, "--key", tmp_path / "other.pub", status=1)
    assert "head 1: it is signed by another key" in other
    file.write_text(good[:-20], encoding="utf-8")
    cut = await guatu(*checked, settings=house.settings)
    assert f"{file}, line 1: it is no exported head" in one_sentence(cut)


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (
            "UPDATE case_event SET line = '无事' WHERE case_no = 'X2' AND seq = 3",
            "case X2, entry 3: its columns are not",
        ),
        ("DELETE FROM case_event WHERE case_no = 'X2' AND seq = 3", "case X2, entry 3: entry 3 is missing"),
        ("DELETE FROM case_event WHERE case_no = 'X2'", "case X2: its whole record is missing"),
        ("TRUNCATE case_event", "case X1: its whole record is missing"),
        ("UPDATE handling_report SET text = '改'", "case X2: the text of its handling report"),
    ],
)
async def test_tampering_is_told_in_a_line_each(house: House, harm: str, said: str) -> None:
    await tamper(house.admin, harm)
    lines = (await house.run("verify", status=1)).splitlines()
    assert any(line.startswith(said) for line in lines), lines
    assert lines[-1] == f"{len(lines) - 1} problems found"
    assert all("; " in line for line in lines[:-1]), "what to do is said"


async def test_a_read_model_that_does_not_follow_is_listed_and_mended_on_demand(house: House) -> None:
    assert await house.run("rebuild") == "the read model is as the record has it\n"
    before = await read_model(house.admin)
    await house.admin.execute("UPDATE petition_case SET stage = 'concluded' WHERE case_no = 'X1'")
    told = "case X1, read model, stage: it has concluded, the record gives rectifying"
    verified = (await house.run("verify", status=1)).splitlines()
    assert verified[0].startswith(f"{told}; ")
    listed = (await house.run("rebuild", status=1)).splitlines()
    assert listed == [told, "1 differences: guatu verify shows if the record is right, --repair mends the model"]
    assert await read_model(house.admin) != before
    mended = (await house.run("rebuild", "--repair")).splitlines()
    assert mended == [told, "1 differences mended, 0 left: guatu verify says why"]
    assert await read_model(house.admin) == before
    await tamper(house.admin, "DELETE FROM case_event WHERE case_no = 'X1' AND seq = 2")
    left = await house.run("rebuild", "--repair", status=1)
    assert "0 differences mended, 1 left" in left


# Case files --------------------------------------------------------------------------------------------------------


async def test_a_case_is_exported_and_checked_with_no_database(house: House, tmp_path: Path) -> None:
    file, key = tmp_path / "X2.json", tmp_path / "key"
    await keep_complainant(house.store)
    await house.run("heads", "write")
    await house.run("heads", "key", "new", key)
    said = await house.run("export", "X2", file, "--key", key)
    assert said == f"case X2 is in {file}: {LAST} entries, 1 reports\n"
    content = file.read_text(encoding="utf-8")
    fields = json.loads(content)
    assert fields["readable"][0] == "第X2号信访举报件　一案一档"
    assert len(fields["readable"]) == 5 + LAST
    for never in ("complainant", "举报人", b"sealed-details".hex(), "last_error"):
        assert never not in content, never
    checked = await guatu("verify", file, "--key", f"{key}.pub")
    assert (checked.returncode, checked.stdout) == (0, "the case file is as it was written\n"), checked.stderr
    assert "head 1 of " in checked.stderr
    again = tmp_path / "again.json"
    await house.run("export", "*X2", again, "--key", key)
    assert again.read_text(encoding="utf-8") == content, "the same case gives the same file"
    file.write_text(content.replace("限期整改到位", "不必整改"), encoding="utf-8")
    changed = await guatu("verify", file)
    assert changed.returncode == 1
    assert changed.stdout.startswith("case X2: the file is not as it was written: its digest does not fit; ")
    taken = await guatu("export", "X2", file, settings=house.settings)
    assert "exists already" in one_sentence(taken)
    unknown = await guatu("export", "X9", tmp_path / "X9.json", settings=house.settings)
    assert one_sentence(unknown) == "there is no case 'X9' on record"
    assert not (tmp_path / "X9.json").exists()


async def keep_complainant(store: Store) -> None:
    details = SealedDetails(
        case_no="X2",
        cipher="aes-256-gcm",
        key_id="k",
        wrapped_key=b"wrapped",
        nonce=b"nonce",
        sealed=b"sealed-details",
        content_tag=bytes(32),
        request_id=None,
    )
    await store.keep_complainant(details)


def forged_text(fields: dict[str, Any]) -> None:
    """The instruction says something else, wherever it is quoted."""
    for part in ("readable", "entries"):
        fields[part] = json.loads(json.dumps(fields[part], ensure_ascii=False).replace("限期整改到位", "不必整改"))


def swapped(fields: dict[str, Any]) -> None:
    entries = fields["entries"]
    entries[3]["seq"], entries[4]["seq"] = entries[4]["seq"], entries[3]["seq"]
    entries[3], entries[4] = entries[4], entries[3]


def without_report(fields: dict[str, Any]) -> None:
    fields["reports"] = []


def other_report(fields: dict[str, Any]) -> None:
    fields["reports"][0]["text"] += "又及"


def added_report(fields: dict[str, Any]) -> None:
    other = {**fields["reports"][0], "text": "另一份", "key": "other"}
    other["sha256"] = "6f3b6b1b7b3e2e9ef9ddba0ae2a8f5b3ae2d5d6e0c86a5c2a2e5d2f9b0d9ab0c"
    fields["reports"].append(other)


CHANGES: list[tuple[Callable[[dict[str, Any]], object], str]] = [
    (forged_text, "its hash does not fit its content"),
    (swapped, "entries were swapped or moved"),
    (lambda fields: fields["entries"].pop(3), "entry 4: entry 4 is missing"),
    (lambda fields: fields["entries"].pop(0), "entry 1: entry 1 is missing"),
    (lambda fields: fields["entries"].pop(), "the entry that the head covers is missing or another now"),
    (lambda fields: fields["entries"].append(fields["entries"][3]), "it is out of order"),
    (lambda fields: fields.update(entries=[]), "its entries are of no case"),
    (lambda fields: fields["entries"][2].update(line="无事"), "entry 3: its columns are not what it says: line"),
    (lambda fields: fields["entries"][2].update(event="x"), "entry 3: its columns are not what it says: event"),
    (lambda fields: fields["readable"].append("又及"), "its readable part does not say what its entries say"),
    (lambda fields: fields.update(case_no="X7"), "its hash does not fit its content"),
    (other_report, "is not the one that was submitted"),
    (added_report, "the text of the handling report other is not the one that was submitted"),
    (without_report, "the handling report that was submitted here is not in the file"),
    (lambda fields: fields["head"]["head"].update(cases=9), "head 1: it does not cover this case as the file says"),
    (lambda fields: fields["head"]["tip"].update(seq=2), "head 1: it does not cover this case as the file says"),
]


@pytest.fixture
async def fields(house: House, key: SigningKey) -> dict[str, Any]:
    """A signed file of X2, as JSON."""
    await house.store.write_head()
    whole = await house.store.whole_case("X2")
    assert whole is not None
    return case_file(whole, await house.store.head_proof("X2"), key).model_dump(mode="json")


def told(path: Path, fields: dict[str, Any], key: SigningKey | None = None) -> list[str]:
    path.write_text(json.dumps(fields, ensure_ascii=False), encoding="utf-8")
    found, problems = read_case_file(path)
    return [problem.line for problem in (*problems, *problems_of(found, key.public if key else None))]


async def test_every_change_of_a_case_file_is_named(fields: dict[str, Any], key: SigningKey, tmp_path: Path) -> None:
    file = tmp_path / "X2.json"
    assert told(file, fields, key) == []
    for change, said in CHANGES:
        changed = json.loads(json.dumps(fields))
        change(changed)
        found = told(file, changed)
        assert "its digest does not fit" in found[0], said
        assert any(said in line for line in found), (said, found)
        # Somebody who makes the digest fit cannot sign it.
        digest_made_to_fit(changed)
        found = told(file, changed)
        assert not any("its digest does not fit" in line for line in found)
        assert any(said in line for line in found), (said, found)
        assert any("its signature does not fit" in line for line in told(file, changed, key)), said


async def test_notices_are_held_by_digest_and_signature(
    fields: dict[str, Any], key: SigningKey, tmp_path: Path
) -> None:
    file = tmp_path / "X2.json"
    assert fields["notices"]
    fields["notices"].pop()
    assert "its digest does not fit" in told(file, fields)[0]
    digest_made_to_fit(fields)
    assert told(file, fields) == []
    assert "its signature does not fit" in told(file, fields, key)[0]


def digest_made_to_fit(fields: dict[str, Any]) -> None:
    from guatu.case_files import _digest  # pyright: ignore[reportPrivateUsage] - as a forger has it

    fields["digest"] = _digest(fields)


async def test_a_case_file_is_compared_with_exported_heads(
    house: House, fields: dict[str, Any], tmp_path: Path
) -> None:
    """A file of a record that was rewritten is whole by itself; the heads exported before know better."""
    heads, key = tmp_path / "heads.jsonl", tmp_path / "signing"
    await house.run("heads", "key", "new", key)
    await house.run("heads", "export", heads, "--key", key)
    (tmp_path / "good.json").write_text(json.dumps(fields), encoding="utf-8")
    good = await guatu("verify", tmp_path / "good.json", "--heads", heads)
    assert good.returncode == 0, good.stdout
    await forge_whole_record(house.admin, "X2", "电站断流", "平安无事")
    whole = await house.store.whole_case("X2")
    assert whole is not None
    write_case_file(tmp_path / "forged.json", case_file(whole, None, None))
    found, problems = read_case_file(tmp_path / "forged.json")
    assert [*problems, *problems_of(found, None)] == []
    [problem] = problems_of(found, None, read_heads(heads))
    assert problem.line.startswith(f"case X2, entry {LAST}, head 1: it is another: the exported head covers it")


@pytest.mark.parametrize("content", ["", "{}", "[]", "nothing", '{"format": "guatu case file", "version": 2}'])
async def test_what_is_no_case_file_is_told_in_a_sentence(content: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text(content, encoding="utf-8")
    with pytest.raises(CommandError, match="is no case file"):
        read_case_file(tmp_path / "file")


async def test_files_that_are_not_there(tmp_path: Path) -> None:
    assert one_sentence(await guatu("verify", tmp_path / "none")) == f"{tmp_path / 'none'}: No such file or directory"


# Keys --------------------------------------------------------------------------------------------------------------


def test_keys_are_made_once_and_read_with_care(tmp_path: Path) -> None:
    file = tmp_path / "key"
    public, public_path = new_signing_key(file)
    assert public_path == tmp_path / "key.pub"
    assert read_public_key(public_path).id == public.id == read_signing_key(file).public.id
    with pytest.raises(CommandError, match="exists already"):
        new_signing_key(file)
    with pytest.raises(CommandError, match=r"it is the private key, give the file with \.pub"):
        read_public_key(file)
    with pytest.raises(CommandError, match=r"it is the public key, give the file without \.pub"):
        read_signing_key(public_path)
    none = tmp_path / "none"
    none.write_text("no key")
    none.chmod(0o600)
    with pytest.raises(CommandError, match="holds no Ed25519 private key"):
        read_signing_key(none)
    file.chmod(0o640)
    with pytest.raises(CommandError, match=r"mode 0640\): chmod 600 it"):
        read_signing_key(file)


def test_a_signature_serves_no_other_end(key: SigningKey) -> None:
    digest = "ab" * 32
    signature = key.sign("head", digest)
    assert key.sign("head", digest) == signature
    assert key.public.fault("head", digest, signature) is None
    assert key.public.fault("case file", digest, signature) is not None
    assert key.public.fault("head", "cd" * 32, signature) is not None
    assert key.public.fault("head", digest, None) == "it is not signed"
    broken = signature.model_copy(update={"value": "no base64"})
    assert key.public.fault("head", digest, broken) is not None
