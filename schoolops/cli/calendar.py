"""When a school has lessons: bell times, holidays, and days that are not as the rule says.

    schoolops calendar show 164800
    schoolops calendar set 164800 mon-thu=07:50-15:15 fri=07:50-13:15
    schoolops calendar set 164800 --usual
    schoolops calendar add 164800 movable 2027-02-08 --note Rosenmontag
    schoolops calendar add 164800 exam 2027-04-12 2027-04-14 --room 2.14
    schoolops calendar add all closed 2027-02-04 --note 'heavy storm'
    schoolops calendar remove 164800 ID
    schoolops calendar import 164800 termine.ics --dry-run
    schoolops calendar import 164800 GPU001.TXT --periods 1=07:50-08:35,2=08:40-09:25
    schoolops calendar lessons 164800 --room 2.14

Without bell times of its own a school has the usual school day of its form. 'movable' and 'closed'
days have no lessons; 'open' ones have, whatever the rule says; exams change no lesson time. What a
school itself entered for a day counts more than what was entered for 'all'.
"""

from __future__ import annotations

import datetime as dt
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from typing import Any

from schoolops.cli import _calendar_files as calendar_files
from schoolops.cli._calendar_files import KINDS, WEEK
from schoolops.cli._guard import DONE, UsageError
from schoolops.cli._server import add_server, client_of
from schoolops.cli._table import clean, print_json, print_pairs, print_table

INTERMIXED = False
ALL = "all"


def configure(parser: ArgumentParser) -> None:
    doing = parser.add_subparsers(
        dest="doing", metavar="show|set|add|remove|import|lessons", required=True
    )
    show = doing.add_parser("show", help="the calendar of a school", allow_abbrev=False)
    show.add_argument("school", metavar="SCHOOL", help="school number")
    show.add_argument("--since", metavar="DAY", default="", type=_day, help="from (today)")
    show.add_argument("--until", metavar="DAY", default="", type=_day, help="to (a year later)")
    show.add_argument("--json", action="store_true", help="the calendar as JSON")
    add_server(show)
    bells = doing.add_parser("set", help="the bell times of a week", allow_abbrev=False)
    bells.add_argument("school", metavar="SCHOOL", help="school number")
    bells.add_argument("bells", metavar="DAYS=BEGIN-END", nargs="*",
                       help="such as mon-thu=07:50-15:15; all that the week has")  # fmt: skip
    bells.add_argument("--usual", action="store_true", help="the usual school day of its form")
    add_server(bells)
    add = doing.add_parser("add", help="days that are not as the rule says", allow_abbrev=False)
    add.add_argument("school", metavar="SCHOOL", help="school number, or 'all'")
    add.add_argument("kind", metavar="KIND-OF-DAY", choices=KINDS, help=", ".join(KINDS))
    add.add_argument("first", metavar="FIRST", type=_day, help="such as 2027-02-08")
    add.add_argument("last", metavar="LAST", type=_day, nargs="?", help="if it is not one day")
    add.add_argument("--note", default="", help="what it is; others will read it")
    add.add_argument("--room", metavar="ROOM", action="append", default=[],
                     help="a room of the exam; may be given several times")  # fmt: skip
    add_server(add)
    remove = doing.add_parser("remove", help="remove days that were added", allow_abbrev=False)
    remove.add_argument("school", metavar="SCHOOL", help="school number, or 'all'")
    remove.add_argument("id", metavar="ID", help="from 'show'")
    add_server(remove)
    calendar_files.configure(doing)


def _day(text: str) -> str:
    try:
        return text and dt.date.fromisoformat(text).isoformat()
    except ValueError:
        raise ArgumentTypeError(f"{text!r} is no day such as 2027-02-08") from None


def run(args: Namespace) -> int:
    own = {"show": _show, "set": _set, "add": _add, "remove": _remove}
    return (own | calendar_files.DOING)[args.doing](args)


def _show(args: Namespace) -> int:
    with client_of(args) as client:
        found = client.calendar(args.school, args.since, args.until)
    if args.json:
        print_json(found)
        return DONE
    today = found["today"]
    of = today["kind"].replace("_", " ") + (f": {today['reason']}" if today["reason"] else "")
    now = "lessons now" if today["lessons"] else "no lessons now"
    print_pairs([("today", f"{clean(of)}; {now}"), ("bells", _week(found))])
    print()
    rows = [
        [one["first"], one["last"], one["kind"].replace("_", " "), clean(one["name"]), "", ""]
        for one in found["holidays"]
    ]
    for one in found["days"]:
        told = ", ".join(part for part in (one["note"], *one["rooms"]) if part)
        place = ALL if one["everywhere"] else args.school
        rows.append([one["first"], one["last"], one["kind"], clean(told), place, one["id"]])
    print_table(["first", "last", "kind", "what", "of", "id"], sorted(rows))
    print(f"school holidays are known up to {found['known_until']}")
    return DONE


def _week(found: dict[str, Any]) -> str:
    days: dict[int, list[str]] = {}
    for bell in found["bells"]:
        days.setdefault(bell["weekday"], []).append(f"{bell['begin']}-{bell['end']}")
    told = ", ".join(f"{WEEK[day - 1]} {' '.join(spans)}" for day, spans in days.items())
    return told + ("" if found["own"] else " (usual for the school's form)")


def _set(args: Namespace) -> int:
    if bool(args.bells) == args.usual:
        raise UsageError("say which bell times, such as mon-fri=08:00-13:15, or --usual")
    bells = [bell for word in args.bells for bell in _bells(word)]
    with client_of(args) as client:
        made = client.set_bells(args.school, bells)
    print(_week(made))
    return DONE


def _bells(word: str) -> list[dict[str, Any]]:
    """'mon-thu=07:50-15:15' as four bells."""
    days, equals, span = word.partition("=")
    first, _, last = days.lower().partition("-")
    begin, dash, end = span.partition("-")
    if not (equals and dash and first in WEEK and (last or first) in WEEK):
        raise UsageError(f"bell times are such as mon-thu=07:50-15:15, not {word!r}")
    numbers = range(WEEK.index(first) + 1, WEEK.index(last or first) + 2)
    if not numbers:
        raise UsageError(f"{first} comes after {last}: {word!r}")
    return [{"weekday": number, "begin": begin, "end": end} for number in numbers]


def _add(args: Namespace) -> int:
    new = {"kind": args.kind, "first": args.first, "last": args.last, "note": args.note}
    if args.room and args.school == ALL:
        raise UsageError("rooms belong to one school, not to all")
    if args.room:
        new["rooms"] = args.room
    with client_of(args) as client:
        made = client.add_day(_place(args), new)
    print(f"added {made['kind']} {made['first']} to {made['last']}: {made['id']}")
    return DONE


def _remove(args: Namespace) -> int:
    with client_of(args) as client:
        client.remove_day(_place(args), args.id)
    print(f"removed {args.id}")
    return DONE


def _place(args: Namespace) -> str | None:
    return None if args.school == ALL else args.school
