"""Reads HTTP/1.1 answers from what comes in pieces, within limits."""

from __future__ import annotations

from agents.errors import BadAnswer, Unreachable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

MAX_HEAD_BYTES = 32 * 1024


class Reader:
    """Answers of the server `name`; `receive` gives the next bytes, b'' at the end."""

    def __init__(self, name: str, receive: Callable[[], bytes]) -> None:
        self._name = name
        self._receive = receive
        self._buffer = b""

    def clear(self) -> None:
        """Forget what has been received: the next answer comes over another connection."""
        self._buffer = b""

    def _more(self) -> None:
        data = self._receive()
        if not data:
            raise Unreachable(f"{self._name} closed the connection without a full answer")
        self._buffer += data

    def _line(self, limit: int) -> bytes:
        while (end := self._buffer.find(b"\r\n")) < 0:
            if len(self._buffer) > limit:
                raise BadAnswer(f"{self._name} does not speak HTTP")
            self._more()
        line, self._buffer = self._buffer[:end], self._buffer[end + 2 :]
        return line

    def _take(self, count: int) -> bytes:
        parts, have = [self._buffer], len(self._buffer)
        while have < count:
            data = self._receive()
            if not data:
                raise Unreachable(f"{self._name} broke off in the middle of its answer")
            parts.append(data)
            have += len(data)
        data = b"".join(parts)
        self._buffer = data[count:]
        return data[:count]

    def head(self) -> tuple[int, dict[str, str]]:
        while (end := self._buffer.find(b"\r\n\r\n")) < 0:
            if len(self._buffer) > MAX_HEAD_BYTES or not b"HTTP/".startswith(self._buffer[:5]):
                raise BadAnswer(f"{self._name} does not speak HTTP")
            self._more()
        first, *lines = self._buffer[:end].decode("latin-1").split("\r\n")
        self._buffer = self._buffer[end + 4 :]
        version, _, rest = first.partition(" ")
        if not version.startswith("HTTP/1.") or not rest[:3].isdecimal() or end > MAX_HEAD_BYTES:
            raise BadAnswer(f"{self._name} does not speak HTTP")
        headers = {"connection": "close"} if version == "HTTP/1.0" else {}
        for line in lines:
            name, _, value = line.partition(":")
            name, value = name.strip().lower(), value.strip()
            again = name == "set-cookie" and name in headers  # the one that may come repeatedly
            headers[name] = f"{headers[name]}, {value}" if again else value
        return int(rest[:3]), headers

    def body(self, headers: dict[str, str], limit: int) -> bytes:
        if "chunked" in headers.get("transfer-encoding", "").lower():
            return self._chunks(limit)
        length = headers.get("content-length")
        if length is not None:
            if not length.isdigit() or int(length) > limit:
                raise BadAnswer(f"{self._name} wants to send {length} bytes: too much")
            return self._take(int(length))
        headers["connection"] = "close"
        parts, size = [self._buffer], len(self._buffer)
        while data := self._receive():
            parts.append(data)
            size += len(data)
            if size > limit:
                raise BadAnswer(f"{self._name} sends without end")
        self._buffer = b""
        return b"".join(parts)

    def _chunks(self, limit: int) -> bytes:
        parts: list[bytes] = []
        size = 0
        while True:
            text = self._line(1024).partition(b";")[0].strip()
            try:
                length = int(text, 16)
            except ValueError:
                raise BadAnswer(f"{self._name} does not speak HTTP") from None
            size += length
            if length < 0 or size > limit:
                raise BadAnswer(f"{self._name} sends without end")
            if length == 0:
                while self._line(1024):
                    pass
                return b"".join(parts)
            parts.append(self._take(length))
            if self._line(2):
                raise BadAnswer(f"{self._name} does not speak HTTP")
