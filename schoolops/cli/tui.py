"""The terminal UI: see what exists and what is broken, mend the record, know whom to call."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from schoolops.cli._server import add_server


def configure(parser: ArgumentParser) -> None:
    parser.add_argument("--read-only", action="store_true", help="nothing can be changed")
    add_server(parser)


def run(args: Namespace) -> int:
    import tui

    return tui.run(server=args.server, read_only=args.read_only)
