"""Case files (一案一档): the whole of a case in one file, which is checked anywhere without a database.

The form is JSON for people: first how it is to be checked, then the course of the case in Chinese, then everything
exactly. The same case gives the same file, byte by byte. Nothing of the complainant is in it.
"""

import json
from collections.abc import Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal, cast

from pydantic import ValidationError
from pydantic_core import to_jsonable_python

from guatu.errors import CommandError
from guatu.head_files import SIGNED_HEAD, ExportedHead, write_whole
from guatu.signatures import PublicKey, Signature, SigningKey
from petitions.clock import local
from petitions.events import Entry, HandedOver, ReportSubmitted
from petitions.evolution import fold
from petitions.regions import shown
from petitions.values import Instant, Value
from store.exports import ExportedNotice, ExportedReport, RecordedEntry, WholeCase
from store.heads import Digest, Head, Proof
from store.problems import Problem
from store.verification import ChainCheck

SIGNED_CASE_FILE = "case file"
"""As what the digest of a case file is signed."""
HOW_TO_CHECK = (
    "在任何装有 guatu 的机器上执行 guatu verify 本文件（不需要数据库），加 --key 公钥文件 可核对签名。",
    "entries 中每条的 hash 是受理编号、seq、prev_hash（首条为空）、entry 原文以换行符相连的 SHA-256（UTF-8）。",
    "reports 中每份办理报告的 sha256 是其 text 的 SHA-256，与记录中上报时所记一致。",
    "head 证明本件截至 tip 所示的一条已纳入当日全部件的总摘要；signature 是对 digest 的 Ed25519 签名。",
    "digest 是去掉 digest 和 signature 后全文的 SHA-256（键按码位排序、无空白的 JSON）。",
)
_TODO = "take this file from where it was kept first, or export the case again and compare"


class FiledEntry(RecordedEntry):
    """An entry, with what a reader looks for beside its exact text."""

    at: Instant
    event: str
    line: str


class CaseFile(Value):
    """A case file."""

    format: Literal["guatu case file"] = "guatu case file"
    version: Literal[1] = 1
    case_no: str
    how_to_check: tuple[str, ...] = HOW_TO_CHECK
    readable: tuple[str, ...]
    """The case and its course, for people."""
    entries: tuple[FiledEntry, ...]
    reports: tuple[ExportedReport, ...]
    notices: tuple[ExportedNotice, ...]
    head: Proof | None
    """The latest head that covers the case, if there is one."""
    head_signature: Signature | None
    digest: Digest
    signature: Signature | None


def case_file(whole: WholeCase, head: Proof | None, key: SigningKey | None) -> CaseFile:
    """The file of a case.

    Args:
        whole: The case.
        head: The latest head that covers it.
        key: What to sign it by.

    Raises:
        CommandError: Its record cannot be read.
    """
    try:
        read = [Entry.model_validate_json(recorded.entry) for recorded in whole.entries]
    except ValidationError:
        raise CommandError(f"the record of case {whole.case_no} cannot be read: run guatu verify") from None
    submitted = _submitted(read)
    made = CaseFile(
        case_no=whole.case_no,
        readable=tuple(readable(whole.case_no, read)),
        entries=tuple(
            FiledEntry(**recorded.model_dump(), at=entry.at, event=entry.event, line=entry.text)
            for recorded, entry in zip(whole.entries, read, strict=True)
        ),
        # One that is being submitted this moment is not recorded yet.
        reports=tuple(report for report in whole.reports if report.sha256 in submitted),
        notices=whole.notices,
        # Of one moment later: what the record had not yet then, the file cannot show.
        head=head if head and head.tip.seq <= len(whole.entries) else None,
        head_signature=key.sign(SIGNED_HEAD, head.head.hash) if head and key else None,
        digest="0" * 64,
        signature=None,
    )
    digest = _digest(_fields(made))
    return made.model_copy(update={"digest": digest, "signature": key.sign(SIGNED_CASE_FILE, digest) if key else None})


def write_case_file(path: Path, made: CaseFile) -> None:
    """Write a case file whole or not at all; one that is there already is never touched.

    Raises:
        CommandError: There is a file of this name.
        OSError: It cannot be written.
    """
    if path.exists():
        raise CommandError(f"{path} exists already; it is left as it is: give another name")
    write_whole(path, (json.dumps(_fields(made), ensure_ascii=False, indent=1), "\n"))


def read_case_file(path: Path) -> tuple[CaseFile, list[Problem]]:
    """A case file, and whether it is as it was written.

    Raises:
        CommandError: It is none.
        OSError: It cannot be read.
    """
    content = path.read_bytes()
    try:
        fields: Any = json.loads(content)
        found = CaseFile.model_validate_json(content)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        raise CommandError(f"{path} is no case file of this version ({where}: {first['msg']})") from None
    except (ValueError, RecursionError) as error:
        raise CommandError(f"{path} is no case file: it cannot be read as JSON ({error})") from None
    # Of the text itself, not of what was understood of it.
    changed = _digest(cast("dict[str, Any]", fields)) != found.digest
    what = "the file is not as it was written: its digest does not fit"
    return found, [_problem(found, what)] if changed else []


def problems_of(found: CaseFile, key: PublicKey | None, heads: Sequence[ExportedHead] = ()) -> Iterator[Problem]:
    """What is wrong with what a case file says.

    Args:
        found: The file.
        key: By which it must be signed, if that is to be checked.
        heads: Exported heads to compare it with.
    """
    if key and (fault := key.fault(SIGNED_CASE_FILE, found.digest, found.signature)):
        yield _problem(found, fault)
    yield from _problems_of_entries(found)
    try:
        read = [Entry.model_validate_json(entry.entry) for entry in found.entries]
    except ValidationError:
        return  # told with the entry
    yield from _problems_of_the_case(found, read)
    yield from _problems_of_reports(found, read)
    yield from _problems_of_the_head(found, key)
    yield from _problems_with_heads(found, heads)


def readable(case_no: str, entries: Sequence[Entry]) -> Iterator[str]:
    """The case and its course in Chinese, line by line; what does not begin with a hand-over has no course."""
    first = entries[0].happened if entries else None
    if not isinstance(first, HandedOver):
        return
    given, offset = first.hand_over, first.rules.durations.utc_offset_minutes
    kinds = "、".join(category.label for category in given.categories)
    yield f"第{case_no}号信访举报件{'（加星件）' if given.starred else ''}　一案一档"
    yield f"交办时间：{local(given.received_at, offset):%Y-%m-%d %H:%M}　来源：{given.channel.label}"
    yield f"地点：{shown(given.county, first.rules.region_names)} {given.location}　污染类型：{kinds}"
    yield f"反映问题：{given.summary}"
    yield f"办理经过（共{len(entries)}条）："
    for entry in entries:
        by = f"　（{first.rules.titles.get(entry.by.office, entry.by.office)} {entry.by.name}）" if entry.by else ""
        yield f"{entry.seq}　{local(entry.at, offset):%Y-%m-%d %H:%M:%S}　{entry.text}{by}"


def _problems_of_entries(found: CaseFile) -> Iterator[Problem]:
    check = ChainCheck(found.case_no)
    for entry in found.entries:
        row = entry.model_dump() | {"hash": bytes.fromhex(entry.hash)}
        row["prev_hash"] = bytes.fromhex(entry.prev_hash) if entry.prev_hash else None
        for problem in check.problems(row):
            yield problem.model_copy(update={"todo": _TODO})


def _problems_of_the_case(found: CaseFile, read: Sequence[Entry]) -> Iterator[Problem]:
    try:
        case = fold(read)
    except (ValueError, TypeError, AssertionError) as error:
        yield _problem(found, f"its entries do not make a case: {error}")
    else:
        if case is None or case.case_no != found.case_no:
            yield _problem(found, f"its entries are of {f'case {case.case_no}' if case else 'no case'}")
    if tuple(readable(found.case_no, read)) != found.readable:
        yield _problem(found, "its readable part does not say what its entries say")


def _problems_of_reports(found: CaseFile, read: Sequence[Entry]) -> Iterator[Problem]:
    submitted = _submitted(read)
    for report in found.reports:
        if sha256(report.text.encode()).hexdigest() != report.sha256:
            yield _problem(found, f"the text of the handling report {report.key} is not the one that was submitted")
        elif report.sha256 not in submitted:
            yield _problem(found, f"no entry says that the handling report {report.key} was submitted")
    for digest, seq in submitted.items():
        if digest not in {report.sha256 for report in found.reports}:
            yield _problem(found, "the handling report that was submitted here is not in the file", seq)


def _problems_of_the_head(found: CaseFile, key: PublicKey | None) -> Iterator[Problem]:
    proof = found.head
    if proof is None:
        return
    no = proof.head.no
    if key and (fault := key.fault(SIGNED_HEAD, proof.head.hash, found.head_signature)):
        yield _problem(found, fault, head=no)
    if not proof.holds or proof.tip.case_no != found.case_no:
        yield _problem(found, "it does not cover this case as the file says", head=no)
    elif (proof.tip.seq, proof.tip.hash) not in {(entry.seq, entry.hash) for entry in found.entries}:
        yield _problem(found, "the entry that the head covers is missing or another now", proof.tip.seq, head=no)


def _problems_with_heads(found: CaseFile, heads: Sequence[ExportedHead]) -> Iterator[Problem]:
    known = {entry.seq: entry.hash for entry in found.entries}
    for head in heads:
        for tip in head.tips:
            if tip.case_no == found.case_no and known.get(tip.seq) != tip.hash:
                what = "is missing" if tip.seq not in known else "is another"
                yield _problem(found, f"it {what}: the exported head covers it", tip.seq, head=head.no)
    proof: Head | None = found.head.head if found.head else None
    if proof and heads and proof.hash not in {head.hash for head in heads}:
        yield _problem(found, "the exported heads have not the head that the file brings", head=proof.no)


def _submitted(entries: Sequence[Entry]) -> dict[str, int]:
    """The digests of the reports that were submitted, with the entries that say so."""
    return {entry.happened.sha256: entry.seq for entry in entries if isinstance(entry.happened, ReportSubmitted)}


def _problem(found: CaseFile, what: str, seq: int | None = None, head: int | None = None) -> Problem:
    return Problem(case_no=found.case_no, seq=seq, head=head, what=what, todo=_TODO)


def _fields(made: CaseFile) -> dict[str, Any]:
    return to_jsonable_python(made)


def _digest(fields: dict[str, Any]) -> str:
    kept = {name: value for name, value in fields.items() if name not in {"digest", "signature"}}
    canonical = json.dumps(kept, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return sha256(canonical.encode("utf-8", "surrogatepass")).hexdigest()
