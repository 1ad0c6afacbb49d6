"""Reading what a form sends, with limits, before anything is made of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from inventory.sentences import say
from schoolops.core.errors import Invalid, TooLarge

FIELDS = 500
READ_OVER = 200_000_000
"""Bytes of a form with a photo that are read at most: what a phone films by mistake."""


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that came with a form."""

    name: str
    data: bytes
    dropped: bool = False
    """It was larger than the page takes, and read over: `data` is empty."""


async def read_form(
    request: Request, limit: int, photo_bytes: int = 0
) -> tuple[Mapping[str, str], Mapping[str, list[str]], Upload | None]:
    """The fields (the last of each name), all values of each name, and the file if one came.

    Raises `TooLarge` as soon as the body passes `limit` bytes, `Invalid` for what is no form. With
    `photo_bytes` a file that is larger is read over and told as dropped: its form is not lost.
    """
    most = limit if not photo_bytes else READ_OVER
    request = Request(request.scope, _limited(request.receive, most))
    try:
        if photo_bytes and request.headers.get("content-type", "").startswith("multipart/"):
            parser = _WithPhoto(request, limit, photo_bytes)
            sent = await parser.parse()
        else:
            sent = await request.form(max_files=1, max_fields=FIELDS, max_part_size=limit)
    except (HTTPException, MultiPartException) as error:
        raise Invalid(
            say("the form cannot be read: {problem}", problem=str(getattr(error, "detail", error))),
            code="request.invalid",
        ) from None
    fields: dict[str, list[str]] = {}
    upload: Upload | None = None
    try:
        for name, value in sent.multi_items():
            if not isinstance(value, UploadFile):
                fields.setdefault(name, []).append(value)
            elif value.filename:
                dropped = bool(photo_bytes) and (value.size or 0) > photo_bytes
                data = b"" if dropped else await value.read()
                upload = Upload(value.filename[-200:], data, dropped)
    finally:
        await sent.close()
    return {name: values[-1] for name, values in fields.items()}, fields, upload


class _WithPhoto(MultiPartParser):
    """A form with a photo, of which no more is kept than may be, and a byte that says so."""

    def __init__(self, request: Request, limit: int, photo_bytes: int) -> None:
        super().__init__(
            request.headers, request.stream(), max_files=1, max_fields=FIELDS, max_part_size=limit
        )
        self._left = photo_bytes + 1

    def on_part_data(self, data: bytes, start: int, end: int) -> None:
        if self._current_part.file is not None:
            end = min(end, start + self._left)
            self._left -= end - start
        super().on_part_data(data, start, end)


def _limited(receive: Any, limit: int) -> Any:
    size = 0

    async def counted() -> Any:
        nonlocal size
        message = await receive()
        size += len(message.get("body", b""))
        if size > limit:
            raise TooLarge(
                say(
                    "this is larger than {size} MB; send it in parts",
                    size=round(limit / 1_000_000, 1),
                )
            )
        return message

    return counted
