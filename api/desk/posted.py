"""What a browser posts: the fields as they were typed, and files, both with limits."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from fastapi import Request
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException

from api.problems import ProblemError, ProblemType
from petitions.messages import RESPONSES

MIB: Final = 1024 * 1024
FORM_BYTES: Final = 2 * MIB
"""A form without files is this long at the most: survey answers of 2,000 residents with a word from each."""
_FILES = 20
_FIELDS = 10 * RESPONSES

CSRF: Final = "csrf"
MESSAGE_ID: Final = "message_id"
SEEN: Final = "seen"
ROUND: Final = "round"
ACT: Final = "act"
AUTOSAVE: Final = "autosave"
"""What the page's script does: it keeps a draft, and expects an answer without a page."""
_OWN: Final = frozenset({CSRF, MESSAGE_ID, SEEN, ROUND, ACT})
"""Fields that the desk itself puts into its forms: never typed, never kept in a draft."""


@dataclass(frozen=True)
class Posted:
    """A form that was posted.

    Attributes:
        given: Every value by its field, in order.
        files: The files by their field; empty ones are left out.
    """

    given: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    files: Mapping[str, tuple[UploadFile, ...]] = field(default_factory=dict[str, tuple[UploadFile, ...]])

    def one(self, name: str) -> str:
        """The last value of a field; empty if there is none."""
        values = self.given.get(name, ())
        return values[-1] if values else ""

    @property
    def typed(self) -> dict[str, tuple[str, ...]]:
        """What the person typed."""
        return {name: values for name, values in self.given.items() if name not in _OWN}


async def posted(request: Request, most: int = FORM_BYTES) -> Posted:
    """The form that a request posts.

    Raises:
        ProblemError: It is longer than ``most`` bytes, or no form.
    """
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type not in {"application/x-www-form-urlencoded", "multipart/form-data"}:
        raise ProblemError(ProblemType.UNSUPPORTED_MEDIA_TYPE, "请在本系统的页面上填写表单后提交")
    limited = Request(request.scope, receive=_limited(request, most))
    try:
        form = await limited.form(max_files=_FILES, max_fields=_FIELDS, max_part_size=FORM_BYTES)
    except HTTPException:
        raise ProblemError(
            ProblemType.HTTP_ERROR, f"表单无法读取：文件最多 {_FILES} 个；请返回上一页检查后重新提交"
        ) from None
    given: dict[str, list[str]] = {}
    files: dict[str, list[UploadFile]] = {}
    for name, value in form.multi_items():
        if isinstance(value, str):
            given.setdefault(name[:200], []).append(value.replace("\r\n", "\n"))
        elif value.filename and value.size:
            files.setdefault(name[:200], []).append(value)
    return Posted(
        {name: tuple(values) for name, values in given.items()},
        {name: tuple(values) for name, values in files.items()},
    )


def _limited(request: Request, most: int) -> Callable[[], Awaitable[Any]]:
    """What arrives, up to so many bytes."""
    too_large = ProblemError(
        ProblemType.TOO_LARGE, f"提交的内容和文件合计超过 {most // MIB} MiB；请返回上一页，减少文件后重新提交"
    )
    stated = request.headers.get("content-length", "")
    arrived = 0

    async def receive() -> Any:
        nonlocal arrived
        if stated.isdecimal() and int(stated) > most:
            raise too_large
        message = await request.receive()
        arrived += len(message.get("body", b""))
        if arrived > most:
            raise too_large
        return message

    return receive
