"""`schoolops calendar import` and `lessons`: days from iCalendar, the timetable from Untis."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from schoolops.cli._guard import DONE, REFUSED, UsageError, say
from schoolops.cli._server import add_server, client_of
from schoolops.cli._table import clean, print_json, print_table

if TYPE_CHECKING:
    from argparse import _SubParsersAction

WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
KINDS = ("movable", "closed", "open", "exam")
SHOWN = 40


def configure(doing: _SubParsersAction[ArgumentParser]) -> None:
    into = doing.add_parser("import", help="days from iCalendar, lessons from Untis",
                            allow_abbrev=False)  # fmt: skip
    into.add_argument("school", metavar="SCHOOL", help="school number")
    into.add_argument("file", metavar="FILE", help="termine.ics or GPU001.TXT, '-' for input")
    into.add_argument("--dry-run", action="store_true", help="only say what would be done")
    into.add_argument("--kind", choices=KINDS, default="", help="what all events of the file are")
    into.add_argument("--periods", metavar="N=BEGIN-END,…", default="",
                      help="when the periods of a GPU001 are, such as 1=07:50-08:35")  # fmt: skip
    into.add_argument("--json", action="store_true", help="the report as JSON")
    add_server(into)
    lessons = doing.add_parser("lessons", help="the timetable of a school", allow_abbrev=False)
    lessons.add_argument("school", metavar="SCHOOL", help="school number")
    lessons.add_argument("--room", metavar="ROOM", default="", help="of this room, such as 2.14")
    lessons.add_argument("--now", action="store_true", help="only what is at this moment")
    lessons.add_argument("--json", action="store_true", help="the timetable as JSON")
    add_server(lessons)


def _import(args: Namespace) -> int:
    if args.file == "-":
        data = sys.stdin.buffer.read()
    elif Path(args.file).is_dir():
        raise UsageError(f"{args.file} is a folder; name a file in it")
    else:
        data = Path(args.file).read_bytes()
    days = b"BEGIN:VCALENDAR" in data[:4096].upper()
    if days and args.periods:
        raise UsageError("--periods belong to a timetable, and this is a calendar")
    if args.kind and not days:
        raise UsageError("--kind belongs to a calendar (iCalendar), and this is none")
    with client_of(args) as client:
        if days:
            report = client.import_days(args.school, data, args.kind, dry_run=args.dry_run)
        else:
            report = client.import_lessons(args.school, data, args.periods, dry_run=args.dry_run)
    if args.json:
        print_json(report)
    else:
        _tell(report, "days" if days else "lessons")
    return REFUSED if report["refused"] else DONE


def _tell(report: dict[str, Any], what: str) -> None:
    rows = report["rows"]
    for outcome in ("new", "ignored"):
        some = [
            row for row in rows if row["outcome"] == outcome and (what == "days" or row["reason"])
        ]
        for row in some[:SHOWN]:
            told = row.get("kind") or outcome
            why = f" ({clean(row['reason'])})" if row["reason"] else ""
            print(f"{told}: {clean(row['key'])}{why}")
        if len(some) > SHOWN:
            print(f"… and {report[outcome] - SHOWN} more {outcome}; --json lists them")
    refused = [row for row in rows if row["outcome"] == "refused"]
    for row in refused[:SHOWN]:
        say(f"row {row['row']} refused: {clean(row['key'])}: {clean(row['reason'])}")
    if len(refused) > SHOWN:
        say(f"and {report['refused'] - SHOWN} more refused; --json lists them")
    tense = "would be " if report["dry_run"] else ""
    print(
        f"{what}: {report['new']} {tense}new, {report['same']} same, {report['ignored']} left out, "
        f"{report['refused']} refused"
    )
    if report.get("bells"):
        print(f"the school's bell times {tense or 'are '}those of its timetable")


def _lessons(args: Namespace) -> int:
    with client_of(args) as client:
        found = client.lessons(args.school, args.room)
    if args.json:
        print_json(found)
        return DONE
    rows = [
        [WEEK[one["weekday"] - 1], f"{one['begin']}-{one['end']}", str(one["period"]),
         clean(one["class"]), clean(one["subject"]), clean(one["room"])]
        for one in found["now" if args.now else "lessons"]
    ]  # fmt: skip
    if rows:
        print_table(["day", "time", "period", "class", "subject", "room"], rows)
    else:
        print("no lessons now" if args.now else "there is no timetable; see: calendar import")
    return DONE


DOING = {"import": _import, "lessons": _lessons}
