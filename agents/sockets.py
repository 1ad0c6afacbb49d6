"""Sockets as the interpreter has them in C: the module `socket`, which puts names and files around
them, costs 1 MB with all that it imports.

`socket` itself is built on `_socket` and takes every constant and every function from there, in
all versions of CPython.
"""

from __future__ import annotations

import _socket


class Socket(_socket.socket):
    """A socket that a `with` block closes. `_ssl` refers to it weakly."""

    __slots__ = ("__weakref__",)

    def __enter__(self) -> Socket:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def ascii_name(host: str) -> bytes:
    """The host as bytes: a plain name given as text loads the IDNA tables, 0.5 MB."""
    return host.encode("ascii" if host.isascii() else "idna")


def addresses(host: str, port: int) -> list[tuple[int, int, _socket._RetAddress]]:
    """(family, type, address) to connect to, in order. Raises gaierror."""
    name = ascii_name(host)
    found = _socket.getaddrinfo(name, port, 0, _socket.SOCK_STREAM)
    return [(family, kind, where) for family, kind, _, _, where in found]


def connect(host: str, port: int, timeout_s: float) -> Socket:
    """A connection to the first address that takes one. Raises OSError: gaierror, TimeoutError."""
    last: OSError = OSError("no address")
    for family, kind, where in addresses(host, port):
        sock = Socket(family, kind)
        try:
            sock.settimeout(timeout_s)
            sock.connect(where)
        except OSError as error:
            sock.close()
            last = error
            continue
        return sock
    raise last
