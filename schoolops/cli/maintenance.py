"""When alerts are held, and when nothing may be changed.

    schoolops maintenance list
    schoolops maintenance add 164800 --until 2026-12-01T18:00 --reason 'new switch'
    schoolops maintenance add all --every sun=02:00-05:00 --reason 'updates'
    schoolops maintenance add 164800 --room 2.14 --freeze --until 2027-04-14 --reason Abitur
    schoolops maintenance end ID

While maintenance lasts no incident begins there; what is still broken afterwards does. A freeze
says when equipment is not to be changed: upgrades of agents are refused, or wait until it is over.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from schoolops.cli._guard import DONE
from schoolops.cli._planned import add_end, add_list, add_span, end, end_of_span, plan, planned
from schoolops.cli._server import add_server
from schoolops.cli._table import clean, local_time, print_json, print_table

INTERMIXED = False
ALL = "all"
_COLUMNS = ("kind", "school", "room", "begins", "ends", "every", "reason", "state", "by")


def configure(parser: ArgumentParser) -> None:
    doing = parser.add_subparsers(dest="doing", metavar="list|add|end", required=True)
    add_list(doing, "what is planned and in force")
    add = doing.add_parser("add", help="plan maintenance, or a freeze", allow_abbrev=False)
    add.add_argument("school", metavar="SCHOOL", help="school number, or 'all'")
    add.add_argument("--room", default="", metavar="ROOM", help="this room alone")
    add.add_argument(
        "--freeze", action="store_true", help="equipment is not to be changed; alerts go on"
    )
    add.add_argument("--reason", required=True, help="what is done; others will read it")
    add_span(add)
    add_server(add)
    add_end(doing)


def run(args: Namespace) -> int:
    if args.doing == "end":
        return end(args, "windows")
    return _list(args) if args.doing == "list" else _add(args)


def _list(args: Namespace) -> int:
    found = planned(args, "windows", _COLUMNS)
    if args.json:
        print_json(found)
        return DONE
    if not found:
        print("no maintenance is planned")
        return DONE
    rows = [
        [one["kind"], one["school"] or "all schools", clean(one["room"] or ""),
         local_time(one["begins"]), end_of_span(one), one["every"],
         clean(one["reason"]), one["state"], one["id"]]
        for one in found
    ]  # fmt: skip
    names = ["kind", "school", "room", "from", "until", "every", "reason", "state", "id"]
    print_table(names, rows)
    return DONE


def _add(args: Namespace) -> int:
    new = {
        "kind": "freeze" if args.freeze else "maintenance",
        "school": None if args.school == ALL else args.school,
        "room": args.room,
        "reason": args.reason,
    }
    return plan(args, "windows", new)
