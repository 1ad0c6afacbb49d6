"""Arguments that say when: from, until, every week."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import Any

from schoolops.cli._guard import UsageError


def add_span(parser: ArgumentParser) -> None:
    parser.add_argument("--from", metavar="TIME", dest="begins", default="",
                        help="such as 2026-12-01T22:00 (now)")  # fmt: skip
    parser.add_argument("--until", metavar="TIME", dest="ends", default="",
                        help="a time, or a day, which is included")  # fmt: skip
    every = "every week, such as mon-fri=22:00-06:00, sat, daily=12:00-13:00"
    parser.add_argument("--every", metavar="DAYS=BEGIN-END", default="", help=every)


def span_of(args: Namespace) -> dict[str, Any]:
    """The arguments as the API takes them."""
    from inventory.filter import end_of, instant_range
    from schoolops.core.clock import to_iso
    from schoolops.core.zone import local_zone

    found: dict[str, Any] = {"every": args.every}
    try:
        if args.begins:
            found["begins"] = to_iso(instant_range(args.begins, local_zone())[0])
        if args.ends:
            found["ends"] = end_of(args.ends, local_zone())
    except ValueError as error:
        raise UsageError(str(error)) from None
    if not (args.ends or args.every):
        raise UsageError("say until when (--until), or when every week (--every)")
    return found
