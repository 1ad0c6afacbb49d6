"""The change stream: Server-Sent Events read from bytes, with the cursor to go on from.

The stream ends by `Offline` only; whoever reads it connects again with the last cursor.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import NamedTuple

from inventory.sentences import say

MAX_LINE_BYTES = 1024 * 1024
"""A server that sends more without a line end is none of ours."""

SILENCE_S = 40.0
"""The server sends a ping every 15 s; a connection silent for so long is dead."""


class Change(NamedTuple):
    """Something shown has changed: the record `id` (uuid) of `kind`, at `school` (number)."""

    kind: str
    id: str
    school: str | None
    seq: int

    @property
    def cursor(self) -> int:
        """Where to go on from."""
        return self.seq


class Reset(NamedTuple):
    """The cursor is too old: read everything anew, then go on from `cursor`."""

    cursor: int = 0


class Ping(NamedTuple):
    """Nothing happened, the line is alive."""

    cursor: int = 0


Event = Change | Reset | Ping


class EventReader:
    """Turns the bytes of a stream into events, wherever they are cut."""

    def __init__(self, cursor: int = 0) -> None:
        self.cursor = cursor
        self._rest = b""
        self._name = ""
        self._data: list[str] = []
        self._id: int | None = None

    def feed(self, data: bytes) -> Iterator[Event]:
        """Events that are complete with these bytes. Raises ValueError on what is no stream."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        if len(self._rest) > MAX_LINE_BYTES:
            raise ValueError("a line of the change stream is longer than 1 MB")
        for line in lines:
            event = self._line(line.removesuffix(b"\r").decode())
            if event is not None:
                yield event

    def _line(self, line: str) -> Event | None:
        if not line:
            return self._dispatch()
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "event":
            self._name = value
        elif field == "data":
            self._data.append(value)
        elif field == "id" and value.isascii() and value.isdigit():
            self._id = int(value)
        return None  # anything else, comments too, is not for us

    def _dispatch(self) -> Event | None:
        name, data, given = self._name, self._data, self._id
        self._name, self._data, self._id = "", [], None
        if given is not None:
            self.cursor = given
        if name == "ping":
            return Ping(self.cursor)
        if name == "reset":
            return Reset(self.cursor)
        if name != "change":
            return None  # an event of a newer server
        try:
            body = json.loads("\n".join(data))
            seq = int(body["seq"])
            change = Change(str(body["kind"]), str(body["id"]), body.get("school"), seq)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise ValueError(
                say("an event of the change stream is damaged: {why}", why=error)
            ) from None
        if given is None:
            self.cursor = seq
        return change._replace(seq=self.cursor)
