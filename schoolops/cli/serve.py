"""Run the server until it is told to stop (SIGTERM, Ctrl+C).

It listens on this computer's socket and on --host and --port for agents and colleagues.
"""

from __future__ import annotations

from argparse import SUPPRESS, ArgumentParser, ArgumentTypeError, Namespace


def configure(parser: ArgumentParser) -> None:
    parser.add_argument("--host", metavar="ADDRESS", help="address to listen on (server.host)")
    parser.add_argument("--port", metavar="N", type=_port, help="port to listen on (server.port)")
    # How the client starts it: on the socket alone, ending when nobody needs it.
    parser.add_argument("--on-demand", action="store_true", help=SUPPRESS)


def _port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) > 65535:
        raise ArgumentTypeError(f"{text!r} is no port; ports go from 0 (any free one) to 65535")
    return int(text)


def run(args: Namespace) -> int:
    from schoolops.server import main

    return main.run(args)
