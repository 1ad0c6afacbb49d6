"""Reading what a form sends, with limits, before anything is made of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request

from inventory.sentences import say
from schoolops.core.errors import Invalid, TooLarge

FIELDS = 500


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that came with a form."""

    name: str
    data: bytes


async def read_form(
    request: Request, limit: int
) -> tuple[Mapping[str, str], Mapping[str, list[str]], Upload | None]:
    """The fields (the last of each name), all values of each name, and the file if one came.

    Raises `TooLarge` as soon as the body passes `limit` bytes, `Invalid` for what is no form.
    """
    request = Request(request.scope, _limited(request.receive, limit))
    try:
        sent = await request.form(max_files=1, max_fields=FIELDS, max_part_size=limit)
    except HTTPException as error:
        raise Invalid(
            say("the form cannot be read: {problem}", problem=str(error.detail)),
            code="request.invalid",
        ) from None
    fields: dict[str, list[str]] = {}
    upload: Upload | None = None
    try:
        for name, value in sent.multi_items():
            if not isinstance(value, UploadFile):
                fields.setdefault(name, []).append(value)
            elif value.filename:
                upload = Upload(value.filename[-200:], await value.read())
    finally:
        await sent.close()
    return {name: values[-1] for name, values in fields.items()}, fields, upload


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
