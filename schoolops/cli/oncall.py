"""Who is told of incidents, and when.

    schoolops oncall list
    schoolops oncall add m.weber --every mon-fri=07:00-17:00
    schoolops oncall add t.koch --from 2026-12-21 --until 2027-01-06
    schoolops oncall add it-desk@city.example --level 2 --every daily
    schoolops oncall end ID

Whoever is on call at that moment gets the mails: somebody who has signed in, by user name, or any
mail address. Level 2 is told of a critical incident that nobody
of level 1 has acknowledged in time.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from schoolops.cli._guard import DONE
from schoolops.cli._planned import add_end, add_list, add_span, end, end_of_span, plan, planned
from schoolops.cli._server import add_server
from schoolops.cli._table import clean, local_time, print_json, print_table

INTERMIXED = False
_COLUMNS = ("username", "level", "authority", "begins", "ends", "every", "state")


def configure(parser: ArgumentParser) -> None:
    doing = parser.add_subparsers(dest="doing", metavar="list|add|end", required=True)
    add_list(doing, "the plan")
    add = doing.add_parser("add", help="enter somebody", allow_abbrev=False)
    add.add_argument(
        "name",
        metavar="NAME",
        help="the user name of somebody who has signed in, or a mail address",
    )
    add.add_argument("--level", type=int, choices=(1, 2), default=1, help="2: told later (1)")
    add.add_argument("--authority", default="", metavar="NR", help="for its schools alone")
    add_span(add)
    add_server(add)
    add_end(doing)


def run(args: Namespace) -> int:
    if args.doing == "end":
        return end(args, "on-calls")
    return _list(args) if args.doing == "list" else _add(args)


def _list(args: Namespace) -> int:
    found = planned(args, "on-calls", _COLUMNS)
    if args.json:
        print_json(found)
        return DONE
    if not found:
        print("nobody is on call; the addresses of alerts.mail_to are told")
        return DONE
    rows = [
        [clean(one["username"]), str(one["level"]), one["authority"], local_time(one["begins"]),
         end_of_span(one), one["every"],
         one["state"], one["id"]]
        for one in found
    ]  # fmt: skip
    print_table(["who", "level", "authority", "from", "until", "every", "state", "id"], rows)
    return DONE


def _add(args: Namespace) -> int:
    new = {
        "username": args.name, "level": args.level, "authority": args.authority
    }  # fmt: skip
    return plan(args, "on-calls", new)
