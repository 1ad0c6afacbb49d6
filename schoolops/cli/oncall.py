"""Who is told of incidents, and when.

    schoolops oncall list
    schoolops oncall add m.weber --every mon-fri=07:00-17:00
    schoolops oncall add t.koch --from 2026-12-21 --until 2027-01-06
    schoolops oncall add l.chef --level 2 --every daily
    schoolops oncall end ID

Whoever is on call at that moment gets the mails. Level 2 is told of a critical incident that nobody
of level 1 has acknowledged in time.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from schoolops.cli._guard import DONE
from schoolops.cli._server import add_server, client_of
from schoolops.cli._spans import add_span, span_of
from schoolops.cli._table import clean, local_time, print_json, print_table

INTERMIXED = False
_COLUMNS = ("username", "level", "authority", "begins", "ends", "every", "state")


def configure(parser: ArgumentParser) -> None:
    doing = parser.add_subparsers(dest="doing", metavar="list|add|end", required=True)
    listed = doing.add_parser("list", help="the plan", allow_abbrev=False)
    listed.add_argument("--all", action="store_true", help="and what is over")
    listed.add_argument("--json", action="store_true", help="as JSON")
    add_server(listed)
    add = doing.add_parser("add", help="enter somebody", allow_abbrev=False)
    add.add_argument("name", metavar="NAME", help="a user name; somebody who has signed in")
    add.add_argument("--level", type=int, choices=(1, 2), default=1, help="2: told later (1)")
    add.add_argument("--authority", default="", metavar="NR", help="for its schools alone")
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
        page = client.page("on-calls", q=query, columns=_COLUMNS, limit=500)
    found = [dict(zip(("id", *_COLUMNS), (row[0], *row[4:]), strict=True)) for row in page.rows]
    if args.json:
        print_json(found)
        return DONE
    if not found:
        print("nobody is on call; the addresses of alerts.mail_to are told")
        return DONE
    rows = [
        [clean(one["username"]), str(one["level"]), one["authority"], local_time(one["begins"]),
         "" if one["ends"].startswith("9999") else local_time(one["ends"]), one["every"],
         one["state"], one["id"]]
        for one in found
    ]  # fmt: skip
    print_table(["who", "level", "authority", "from", "until", "every", "state", "id"], rows)
    return DONE


def _add(args: Namespace) -> int:
    new = span_of(args) | {
        "username": args.name, "level": args.level, "authority": args.authority
    }  # fmt: skip
    with client_of(args) as client:
        made = client.plan("on-calls", new)
    print(f"entered: {made['id']}")
    return DONE


def _end(args: Namespace) -> int:
    with client_of(args) as client:
        client.end_planned("on-calls", args.id)
    print("ended")
    return DONE
