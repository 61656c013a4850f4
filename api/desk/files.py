"""Files that belong to reports: what is taken, and how it is given out."""

from typing import Annotated, Final
from urllib.parse import quote

from fastapi import APIRouter, Path
from starlette.datastructures import UploadFile
from starlette.responses import Response

from api.addresses import case_address
from api.authentication import Asking, require_on_case
from api.context import Context, Reading
from api.desk.posted import MIB
from api.parameters import CaseNo
from api.problems import ProblemError, ProblemType
from petitions.access import Deed
from petitions.values import Person

router = APIRouter(include_in_schema=False)

_ZIP, _OLD_OFFICE = (b"PK\x03\x04",), (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",)
_TYPES: Final[dict[str, tuple[str, tuple[bytes, ...]]]] = {
    "jpg": ("image/jpeg", (b"\xff\xd8\xff",)),
    "jpeg": ("image/jpeg", (b"\xff\xd8\xff",)),
    "png": ("image/png", (b"\x89PNG\r\n\x1a\n",)),
    "webp": ("image/webp", (b"RIFF",)),
    "heic": ("image/heic", (b"\x00\x00\x00",)),
    "pdf": ("application/pdf", (b"%PDF-",)),
    "docx": ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", _ZIP),
    "xlsx": ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", _ZIP),
    "doc": ("application/msword", _OLD_OFFICE),
    "xls": ("application/vnd.ms-excel", _OLD_OFFICE),
}
"""What is taken, by the ending of the name: the type as which it is given out, and how its content begins."""
ACCEPT: Final = ",".join(f".{ending}" for ending in _TYPES)
_LONGEST_NAME = 120


async def keep_file(context: Context, case_no: str, file: UploadFile, by: Person) -> tuple[str, str] | str:
    """Keep a file for a case.

    Args:
        context: With the store and the settings.
        case_no: The case.
        file: As it was uploaded.
        by: Who hands it in.

    Returns:
        SHA-256 of its content and its name; or why it is not taken, in Chinese.

    Raises:
        StoreError: It is not kept.
    """
    name = _name(file.filename or "")
    most = context.settings.desk_attachment_mib
    if (file.size or 0) > most * MIB:
        return f"“{name}”超过 {most} MiB，没有上传；请压缩后重新选择"
    content = await file.read()
    known = _TYPES.get(_ending(name))
    if known is None or not content.startswith(known[1]):
        return f"“{name}”不是可以上传的文件；请选择照片（JPG、PNG）、PDF、Word 或 Excel 文件"
    return await context.in_time(context.store.attach(case_no, name, content, by)), name


def attachment_address(case_no: str, sha256: str) -> str:
    """Where a file of a case is."""
    return f"{case_address(case_no)}/attachments/{sha256}"


@router.get("/cases/{no}/attachments/{sha256}")
async def read_attachment(
    caller: Asking,
    no: CaseNo,
    sha256: Annotated[str, Path(pattern="^[0-9a-f]{64}$")],
    context: Reading,
) -> Response:
    """A file of a case, for whoever may see the case; to be saved, never to be shown in the browser."""
    await require_on_case(context, caller, Deed.SEE_CASE, no)
    file = await context.in_time(context.store.attached(no, sha256))
    if file is None:
        raise ProblemError(ProblemType.NOT_FOUND, "本件没有这个附件，请核对地址")
    media_type, _ = _TYPES.get(_ending(file.name), ("application/octet-stream", ()))
    return Response(
        file.content,
        media_type=media_type,
        headers={"Content-Disposition": f"attachment; filename*=UTF-8''{quote(file.name, safe='')}"},
    )


def _ending(name: str) -> str:
    return name.rpartition(".")[2].lower()


def _name(given: str) -> str:
    """A file's name without its folder, and without what is no character of a name."""
    bare = given.replace("\\", "/").rpartition("/")[2]
    kept = "".join(character for character in bare if character.isprintable()).strip() or "附件"
    stem, dot, ending = kept.rpartition(".")
    return kept if len(kept) <= _LONGEST_NAME else f"{stem[: _LONGEST_NAME - len(ending) - 1]}{dot}{ending}"
