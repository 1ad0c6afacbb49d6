"""What is planned for a time or for every week: say when, list it, end it."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import Any

from schoolops.cli._guard import DONE, UsageError
from schoolops.cli._server import add_server, client_of
from schoolops.cli._table import local_time

FOREVER = "9999"
"""Year of an end that does not come."""


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


def add_list(doing: Any, help: str) -> None:
    listed = doing.add_parser("list", help=help, allow_abbrev=False)
    listed.add_argument("--all", action="store_true", help="and what is over")
    listed.add_argument("--json", action="store_true", help="as JSON")
    add_server(listed)


def add_end(doing: Any) -> None:
    end = doing.add_parser("end", help="end it now", allow_abbrev=False)
    end.add_argument("id", metavar="ID", help="from 'list'")
    add_server(end)


def planned(args: Namespace, plural: str, columns: tuple[str, ...]) -> list[dict[str, Any]]:
    """What is planned and in force, with `--all` also what is over."""
    with client_of(args) as client:
        query = "" if args.all else "state:planned,active"
        page = client.page(plural, q=query, columns=columns, limit=500)
    return [dict(zip(("id", *columns), (row[0], *row[4:]), strict=True)) for row in page.rows]


def plan(args: Namespace, plural: str, new: dict[str, Any]) -> int:
    with client_of(args) as client:
        made = client.plan(plural, new | span_of(args))
    print(f"planned: {made['id']}")
    return DONE


def end(args: Namespace, plural: str) -> int:
    with client_of(args) as client:
        client.end_planned(plural, args.id)
    print("ended")
    return DONE


def end_of_span(one: dict[str, Any]) -> str:
    """When it ends, for people."""
    return "no end" if one["ends"].startswith(FOREVER) else local_time(one["ends"])
