"""Run the server until it is told to stop (SIGTERM, Ctrl+C, or 'schoolops serve --stop').

It listens on this computer's socket, and on --host and --port for agents and colleagues. Commands
start one in the background where none runs; that one listens on the socket alone and gives way.
"""

from __future__ import annotations

from argparse import SUPPRESS, ArgumentParser, ArgumentTypeError, Namespace

from schoolops.cli._guard import DONE, Refused, say

STOP_LIMIT_S = 30.0


def configure(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--host",
        metavar="ADDRESS",
        help="address to listen on, 0.0.0.0 for all (setting server.host)",
    )
    parser.add_argument(
        "--port",
        metavar="N",
        type=_port,
        help="port to listen on, 0 for any free one (setting server.port)",
    )
    parser.add_argument(
        "--stop", action="store_true", help="stop the server of this SCHOOLOPS_HOME"
    )
    parser.add_argument(
        "--print-openapi",
        action="store_true",
        help="print the description of the HTTP API (OpenAPI, JSON) and end",
    )
    # How the client starts it: on the socket alone, ending when nobody needs it.
    parser.add_argument("--on-demand", action="store_true", help=SUPPRESS)


def _port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) > 65535:
        raise ArgumentTypeError(f"{text!r} is no port; ports go from 0 (any free one) to 65535")
    return int(text)


def run(args: Namespace) -> int:
    if args.stop:
        return _stop()
    if args.print_openapi:
        from schoolops.server import document

        print(document.text())
        return DONE
    from schoolops.server import main

    if not args.on_demand:
        _take_over()
    return main.run(args)


def _stop() -> int:
    from schoolops.core import paths

    process = _process_at(paths.socket_path(paths.home()))
    if process is None:
        print("no server runs here")
        return DONE
    _end(process)
    print(f"stopped the server (process {process})")
    return DONE


def _take_over() -> None:
    """End the server that a command has started: agents and colleagues cannot reach that one."""
    from schoolops.core import paths

    process = _process_at(paths.socket_path(paths.home()))
    if process is not None and not paths.address_path(paths.home()).exists():
        _end(process)
        say(f"took over from the server that commands had started (process {process})")


def _end(process: int) -> None:
    import os
    import signal
    import time

    from schoolops.core import paths
    from schoolops.core.clock import SystemClock, to_iso

    # Before it ends: whoever follows it must not start another one.
    stopped = paths.stopped_path(paths.home())
    stopped.write_text(f"{_user()}\n{to_iso(SystemClock().now())}\n", encoding="utf-8")
    try:
        os.kill(process, signal.SIGTERM)
    except ProcessLookupError:
        pass
    except PermissionError:
        stopped.unlink(missing_ok=True)
        raise Refused(
            f"the server (process {process}) belongs to another user; stop it as that user"
        ) from None
    deadline = time.monotonic() + STOP_LIMIT_S
    while _alive(process):
        if time.monotonic() > deadline:
            log = paths.home() / "logs" / "server.log"
            raise Refused(f"the server (process {process}) does not stop yet; {log} says why")
        time.sleep(0.05)


def _user() -> str:
    import getpass

    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "?"


def _process_at(path: object) -> int | None:
    """The process behind the socket; None when nobody listens there."""
    import socket
    import struct

    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(str(path))
            # Who listened, as the kernel knows it: no file that may be out of date.
            peer = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
    except OSError:
        return None
    return int(struct.unpack("3i", peer)[0])


def _alive(process: int) -> bool:
    """Whether the process still runs; one that only waits to be noted by its parent does not."""
    import os
    from pathlib import Path

    try:
        os.kill(process, 0)
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
