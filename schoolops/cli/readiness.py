"""Whether teaching works: at all schools or at one, now or as recorded on a school morning.

    schoolops readiness
    schoolops readiness 164800
    schoolops readiness --date yesterday

The levels: works, limited, DOES NOT WORK, not known. What is stale or was never measured is not
known. The morning's level is recorded at `telemetry.readiness_at`, usually 07:30.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections import Counter
from typing import Any

from schoolops.cli._guard import DONE, REFUSED, UsageError, say
from schoolops.cli._server import add_server, client_of
from schoolops.cli._table import clean, local_time, print_json, print_pairs, print_table

LEVELS = {
    "works": "works", "limited": "limited", "fails": "DOES NOT WORK", "unknown": "not known",
}  # fmt: skip
FEW = 10
"""So many schools of which nothing is known are named; more are counted by why."""
ABOUT = {"dns": "names", "wlan": "WLAN"}


def configure(parser: ArgumentParser) -> None:
    parser.add_argument("school", metavar="SCHOOL", nargs="?", default="",
                        help="number of a school; none: all of them, the worst first")  # fmt: skip
    parser.add_argument("--date", metavar="DAY", default="",
                        help="that morning: 2026-11-26, 26.11.2026, today")  # fmt: skip
    parser.add_argument("--all", action="store_true", help="name all of whom nothing is known")
    parser.add_argument("--json", action="store_true", help="everything as JSON")
    add_server(parser)


def run(args: Namespace) -> int:
    date = _day(args.date) if args.date else ""
    with client_of(args) as client:
        if args.school:
            found = client.school_readiness(args.school, date)
        else:
            found = client.readiness(date)
    if args.json:
        print_json(found)
    elif args.school:
        _print_school(found)
    else:
        _print_all(found, args.all)
    return DONE if args.school or found["schools"] else REFUSED


def _day(text: str) -> str:
    from inventory.filter import day_of
    from schoolops.core.zone import local_zone

    try:
        return day_of(text, local_zone()).isoformat()
    except ValueError as error:
        raise UsageError(str(error)) from None


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


def _print_all(found: dict[str, Any], everything: bool) -> None:
    if not found["schools"]:
        say("nothing was recorded that day" if found["day"] else "there is no school")
        return
    unknown = [one for one in found["schools"] if one["level"] == "unknown"]
    known = [one for one in found["schools"] if one["level"] != "unknown"]
    few = everything or len(unknown) <= FEW
    print_table(
        ["SCHOOL", "NAME", "TEACHING", "WHY"],
        [
            [one["school"], clean(one["name"]), LEVELS[one["level"]], clean(one["reason"])]
            for one in [*known, *(unknown if few else [])]
        ],
    )
    if not few:
        say(f"not known of {len(unknown)} schools (--all lists them):")
        for reason, count in Counter(one["reason"] for one in unknown).most_common(FEW):
            say(f"  {count}: {clean(reason)}")
    say(", ".join(f"{count} {LEVELS[level]}" for level, count in found["counts"].items()))
