"""A small HTTP/1.1 server for the simulators: one connection, one request after the other."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit

HEAD_LIMIT = 16_384


class Request(NamedTuple):
    """The head of a request; its body is still to be read from `reader`."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    reader: asyncio.StreamReader
    length: int


Handler = Callable[[Request, asyncio.StreamWriter], Awaitable[bool]]


async def serve(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, handle: Handler
) -> None:
    """Answer requests until the peer goes or `handle` returns False."""
    try:
        while (request := await _read(reader)) is not None:
            if not await handle(request, writer):
                break
    except (OSError, ValueError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
        pass  # a peer that breaks off or speaks something else
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


async def _read(reader: asyncio.StreamReader) -> Request | None:
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return None
    if len(head) > HEAD_LIMIT:
        raise ValueError("too large a head")
    first, *lines = head.decode("latin-1").split("\r\n")
    method, target, _ = first.split(" ", 2)
    headers = {}
    for line in lines:
        name, _, value = line.partition(":")
        if name:
            headers[name.strip().lower()] = value.strip()
    parts = urlsplit(target)
    query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    return Request(
        method, parts.path, query, headers, reader, int(headers.get("content-length", 0))
    )


def head(status: int, length: int, *extra: str, kind: str = "application/json") -> bytes:
    """The head of an answer."""
    words = {200: "OK", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found"}
    lines = [f"HTTP/1.1 {status} {words.get(status, 'Error')}", f"Content-Type: {kind}",
             f"Content-Length: {length}", *extra]  # fmt: skip
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
