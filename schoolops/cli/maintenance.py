"""When alerts are held, and when nothing may be changed.

    schoolops maintenance list
    schoolops maintenance add 164800 --until 2026-12-01T18:00 --reason 'new switch'
    schoolops maintenance add all --every sun=02:00-05:00 --reason 'updates'
    schoolops maintenance add 164800 --room 2.14 --freeze --until 2027-04-14 --reason Abitur
    schoolops maintenance end ID

While maintenance lasts no incident begins there; what is still broken afterwards does. A freeze
holds changes; days with exams in the calendar are frozen by themselves.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from schoolops.cli._guard import DONE
from schoolops.cli._server import add_server, client_of
from schoolops.cli._spans import add_span, span_of
from schoolops.cli._table import clean, local_time, print_json, print_table

INTERMIXED = False
ALL = "all"
FOREVER = "9999"
_COLUMNS = ("kind", "school", "room", "begins", "ends", "every", "reason", "state", "by")


def configure(parser: ArgumentParser) -> None:
    doing = parser.add_subparsers(dest="doing", metavar="list|add|end", required=True)
    listed = doing.add_parser("list", help="what is planned and in force", allow_abbrev=False)
    listed.add_argument("--all", action="store_true", help="and what is over")
    listed.add_argument("--json", action="store_true", help="as JSON")
    add_server(listed)
    add = doing.add_parser("add", help="plan maintenance, or a freeze", allow_abbrev=False)
    add.add_argument("school", metavar="SCHOOL", help="school number, or 'all'")
    add.add_argument("--room", default="", metavar="ROOM", help="this room alone")
    add.add_argument("--freeze", action="store_true", help="nothing is changed; alerts go on")
    add.add_argument("--reason", required=True, help="what is done; others will read it")
    add_span(add)
    add_server(add)
    end = doing.add_parser("end", help="end it now", allow_abbrev=False)
    end.add_argument("id", metavar="ID", help="from 'list'")
    add_server(end)


def run(args: Namespace) -> int:
    return {"list": _list, "add": _add, "end": _end}[args.doing](args)


def _list(args: Namespace) -> int:
    with client_of(args) as client:
        query = "" if args.all else "state:planned,active"
        page = client.page("windows", q=query, columns=_COLUMNS, limit=500)
    found = [dict(zip(("id", *_COLUMNS), (row[0], *row[4:]), strict=True)) for row in page.rows]
    if args.json:
        print_json(found)
        return DONE
    if not found:
        print("no maintenance is planned")
        return DONE
    rows = [
        [one["kind"], one["school"] or ALL, clean(one["room"] or ""), local_time(one["begins"]),
         "" if one["ends"].startswith(FOREVER) else local_time(one["ends"]), one["every"],
         clean(one["reason"]), one["state"], one["id"]]
        for one in found
    ]  # fmt: skip
    names = ["kind", "school", "room", "from", "until", "every", "reason", "state", "id"]
    print_table(names, rows)
    return DONE


def _add(args: Namespace) -> int:
    new = span_of(args) | {
        "kind": "freeze" if args.freeze else "maintenance",
        "school": None if args.school == ALL else args.school,
        "room": args.room,
        "reason": args.reason,
    }
    with client_of(args) as client:
        made = client.plan("windows", new)
    print(f"planned: {made['id']}")
    return DONE


def _end(args: Namespace) -> int:
    with client_of(args) as client:
        client.end_planned("windows", args.id)
    print("ended")
    return DONE
