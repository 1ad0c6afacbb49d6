"""Where the server is: another computer's by its address, or this computer's by its socket.

Whoever finds no server on this computer starts one, detached, under a file lock, so that two
clients that start at once start one server. It writes to `logs/` under the home and
ends by itself when nobody has asked anything for a while.

Nothing here imports httpx: looking for a running server costs one request over a bare socket.
"""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from inventory.sentences import say
from schoolops.client._endpoint import LOCAL_URL, LOOPBACK, Endpoint
from schoolops.client._errors import Offline, Stopped
from schoolops.core import paths

START_LIMIT_S = 15.0
POLL_S = 0.02


def find_endpoint(server: str | None = None, token: str | None = None) -> Endpoint:
    """The server that is meant: the arguments, else `SCHOOLOPS_SERVER` and `SCHOOLOPS_TOKEN`,
    else this computer's own, which is started if it does not run. Without a token given, the
    kept sign-in of that server counts, then the kept token.

    Blocks up to `START_LIMIT_S`. Raises `Offline` when the server does not start, ValueError
    for an address or a token file that cannot be used.
    """
    server = server or os.environ.get("SCHOOLOPS_SERVER") or None
    if server is None:
        home = paths.home()
        # A token given on purpose counts here too: whoever tries a colleague's sees what they see.
        given = token or os.environ.get("SCHOOLOPS_TOKEN")
        return Endpoint(LOCAL_URL, ensure_server(home), token=given, home=home)
    url = checked(server)
    from schoolops.client._tokens import find_token

    given = token or os.environ.get("SCHOOLOPS_TOKEN")
    if given:
        return Endpoint(url, token=given)
    from schoolops.client import _kept

    if _kept.read(url) is not None:
        from schoolops.client._signin import SignIn

        return Endpoint(url, sign_in=SignIn(url))
    return Endpoint(url, token=find_token(url))


def checked(server: str) -> str:
    """The address without a slash at its end; ValueError says what is wrong with it."""
    from urllib.parse import urlsplit

    try:
        parts = urlsplit(server)
        host, _ = parts.hostname, parts.port
    except ValueError:
        parts, host = urlsplit(""), None
    if parts.scheme not in ("http", "https") or not host or parts.username or parts.query:
        raise ValueError(
            say(
                "{server!r} is no server address; write it as https://schoolops.example",
                server=server,
            )
        )
    if parts.scheme == "http" and host not in LOOPBACK and not os.environ.get("SCHOOLOPS_INSECURE"):
        raise ValueError(
            say(
                "{server} would carry your token readable for everybody on the way; use "
                "https://, or set SCHOOLOPS_INSECURE=1 if the way is protected otherwise",
                server=server,
            )
        )
    return server.rstrip("/").removesuffix("/v1")


def answers(path: Path, timeout: float = 5.0) -> bool:
    """Whether a server answers `GET /v1/live` on the socket."""
    if not hasattr(socket, "AF_UNIX"):
        return False
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(timeout)
            connection.connect(str(path))
            connection.sendall(
                b"GET /v1/live HTTP/1.1\r\nHost: schoolops.local\r\nConnection: close\r\n\r\n"
            )
            head = b""
            while b"\r\n" not in head:
                part = connection.recv(1024)
                if not part:
                    return False
                head += part
            return head.split(b" ", 2)[1:2] == [b"200"]
    except OSError:
        return False


def ensure_server(home: Path, limit: float = START_LIMIT_S) -> Path:
    """The socket of a server that answers; starts one if none does. Raises `Offline`."""
    if not hasattr(socket, "AF_UNIX"):
        raise Offline(
            "this system has no Unix sockets, so no server is started on demand; "
            "run 'schoolops serve' and name it with --server or SCHOOLOPS_SERVER"
        )
    try:
        path = paths.socket_path(home)
        if answers(path):
            return path
        paths.ensure_home(home)
        deadline = time.monotonic() + limit
        with _lock(paths.start_lock_path(home), path, deadline) as mine:
            if mine and not answers(path):
                _start(home, path, deadline)
    except OSError as error:
        raise Offline(say("the server cannot be started: {why}", why=error)) from None
    return path


def wake_server(home: Path, *, again: bool = False) -> None:
    """Start this home's server if it has ended by itself. Raises `Offline`.

    One that somebody stopped stays so (`Stopped`), unless it is wanted `again`.
    """
    if not again and not answers(paths.socket_path(home)):
        _refuse_stopped(paths.stopped_path(home))
    ensure_server(home)


def _refuse_stopped(marker: Path) -> None:
    try:
        name, time, *_ = [*marker.read_text(encoding="utf-8").split("\n"), "", ""]
    except OSError:
        return
    raise Stopped(say("the server was stopped by {name} at {time}", name=name, time=time))


@contextlib.contextmanager
def _lock(file: Path, path: Path, deadline: float) -> Iterator[bool]:
    """Hold the start lock (True), or see another client's server come up (False)."""
    import fcntl

    handle = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if answers(path):
                    yield False
                    return
                if time.monotonic() > deadline:
                    raise Offline(
                        say(
                            "another program has been starting the server for too long; try again, "
                            "or see who holds {file}",
                            file=file,
                        )
                    ) from None
                time.sleep(POLL_S)
                continue
            yield True
            return
    finally:
        os.close(handle)


def _start(home: Path, path: Path, deadline: float) -> None:
    log = _open_log(home)
    environment = {
        name: value
        for name, value in os.environ.items()
        if name not in ("SCHOOLOPS_TOKEN", "SCHOOLOPS_SERVER")
    }
    environment["SCHOOLOPS_HOME"] = str(home)
    with log.open("ab") as output:
        process = subprocess.Popen(
            # -P and another folder: what lies in the caller's folder is not imported.
            [sys.executable, "-P", "-m", "schoolops.cli", "serve", "--on-demand"],
            cwd=home,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            env=environment,
        )
    while not answers(path):
        if process.poll() is not None and not _is_held(home / "server.lock"):
            raise Offline(say("the server did not start: {why}", why=_last_words(log)))
        if time.monotonic() > deadline:
            threading.Thread(target=process.wait, daemon=True).start()
            raise Offline(
                say(
                    "the server needs longer than {seconds} s to start; it may be ready in a "
                    "moment, {log} says what it does",
                    seconds=f"{START_LIMIT_S:.0f}",
                    log=log,
                )
            )
        time.sleep(POLL_S)
    # It outlives us; while we live, somebody must take note of its end.
    threading.Thread(target=process.wait, daemon=True).start()


def _is_held(lock: Path) -> bool:
    """Whether another server has the home: one that somebody has just started comes up yet."""
    import fcntl

    try:
        with lock.open("a+") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return False


def _open_log(home: Path) -> Path:
    """An empty file for what the server says before its own log is open, or beside it."""
    folder = home / "logs"
    folder.mkdir(mode=0o700, exist_ok=True)
    log = folder / "server-start.log"
    os.close(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))
    return log


def _last_words(log: Path) -> str:
    """What the server wrote last, as a sentence: the line that says why, not its traceback."""
    text = log.read_bytes()[-16384:].decode(errors="replace")
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if not lines:
        return f"it ended without a word; run 'schoolops serve' to see it happen, or read {log}"
    said = [line for line in lines if line.startswith("schoolops: ")]
    return f"{(said or lines)[-1].removeprefix('schoolops: ')} (more in {log})"
