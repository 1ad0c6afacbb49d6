"""Whether teaching works: at all schools or at one, now or as recorded on a school morning.

    schoolops readiness
    schoolops readiness 164800
    schoolops readiness --date 2026-11-26

The levels: works, limited, DOES NOT WORK, not known. What is stale or was never measured is not
known. The morning's level is recorded at `telemetry.readiness_at`, usually 07:30.
"""

from __future__ import annotations

import datetime as dt
from argparse import ArgumentParser, Namespace
from typing import Any

from schoolops.cli._guard import DONE, UsageError, say
from schoolops.cli._server import add_server, client_of
from schoolops.cli._table import clean, local_time, print_json, print_pairs, print_table

LEVELS = {
    "works": "works", "limited": "limited", "fails": "DOES NOT WORK", "unknown": "not known",
}  # fmt: skip
ABOUT = {"dns": "names", "wlan": "WLAN"}


def configure(parser: ArgumentParser) -> None:
    parser.add_argument("school", metavar="SCHOOL", nargs="?", default="",
                        help="number of a school; none: all of them, the worst first")  # fmt: skip
    parser.add_argument("--date", metavar="DAY", default="", help="that morning, as 2026-11-26")
    parser.add_argument("--json", action="store_true", help="everything as JSON")
    add_server(parser)


def run(args: Namespace) -> int:
    if args.date:
        try:
            dt.date.fromisoformat(args.date)
        except ValueError:
            raise UsageError(f"{args.date!r} is no day; write it as 2026-11-26") from None
    with client_of(args) as client:
        if args.school:
            found = client.school_readiness(args.school, args.date)
        else:
            found = client.readiness(args.date)
    if args.json:
        print_json(found)
    elif args.school:
        _print_school(found)
    else:
        _print_all(found)
    return DONE


def _print_school(found: dict[str, Any]) -> None:
    print_pairs([
        ("school", clean(f"{found['school']}, {found['name']}")),
        ("teaching", LEVELS[found["level"]]),
        ("at", local_time(found["at"])),
    ])  # fmt: skip
    print()
    print_table(
        ["PART", "LEVEL", "WHY"],
        [
            [clean(f"{ABOUT.get(part['about'], part['about'])} {part['name']}".strip()),
             LEVELS[part["level"]], clean(part["reason"])]
            for part in found["parts"]
        ],
    )  # fmt: skip


def _print_all(found: dict[str, Any]) -> None:
    if not found["schools"]:
        say("nothing was recorded that day" if found["day"] else "there is no school")
        return
    print_table(
        ["SCHOOL", "NAME", "TEACHING", "WHY"],
        [
            [one["school"], clean(one["name"]), LEVELS[one["level"]], clean(one["reason"])]
            for one in found["schools"]
        ],
    )
    say(", ".join(f"{count} {LEVELS[level]}" for level, count in found["counts"].items()))
