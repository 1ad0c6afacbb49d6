"""`schoolops agent ask` and `agent asked`: commands that ride on the reply to an agent's report."""

from __future__ import annotations

import time
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from schoolops.cli._guard import DONE, Refused, UsageError
from schoolops.cli._lookup import find_id
from schoolops.cli._server import add_server
from schoolops.cli._table import local_time, print_json

if TYPE_CHECKING:
    from schoolops.client import Client

KINDS: Mapping[str, str] = {"line-test": "uplink", "diagnostics": "", "poll": "device",
                              "upgrade": "version"}  # fmt: skip
"""What can be asked for → the argument that its SUBJECT is."""
OPEN = ("waiting", "sent")
LOOK_EVERY_S = 1.0


def configure(parser: ArgumentParser) -> None:
    parser.add_argument("id", metavar="ID", help="name or id of the agent")
    parser.add_argument("what", choices=tuple(KINDS), metavar="|".join(KINDS))
    parser.add_argument(
        "subject", metavar="SUBJECT", nargs="?", default="",
        help="line-test: one uplink (else all); poll: the device; upgrade: the version",
    )  # fmt: skip
    parser.add_argument(
        "--in-lessons", action="store_true", help="line-test: even during lessons or exams"
    )
    parser.add_argument(
        "--downgrade", action="store_true", help="upgrade: even to a version that is older"
    )
    parser.add_argument(
        "--wait", metavar="SECONDS", type=int, nargs="?", const=180, default=0,
        help="for the answer (180); it comes after the agent's next report",
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="the command with its answer's data")
    add_server(parser)


def run(args: Namespace, client: Client) -> int:
    agent = find_id(client, "agents", args.id, ("name",))
    if args.doing == "asked":
        return _list(client.commands(agent), args.json)
    made = client.ask_agent(agent, args.what, _arguments(args))
    deadline = time.monotonic() + args.wait
    while made["state"] in OPEN and time.monotonic() < deadline:
        time.sleep(LOOK_EVERY_S)
        made = next(one for one in client.commands(agent) if one["id"] == made["id"])
    if args.json:
        print_json(made)
    elif made["state"] in OPEN and not args.wait:
        print(f"{args.id} gets to know with its next report; see: schoolops agent asked {args.id}")
    elif made["state"] in OPEN:
        raise Refused(f"no answer within {args.wait} s; see: schoolops agent asked {args.id}")
    elif made["state"] != "done":
        raise Refused(f"{made['state']}: {made['text'] or 'no answer came in time'}")
    else:
        print(made["text"])
    return DONE


def _arguments(args: Namespace) -> dict[str, Any]:
    name = KINDS[args.what]
    if args.subject and not name:
        raise UsageError(f"{args.what} takes no {args.subject!r}")
    if args.what == "poll" and not args.subject:
        raise UsageError("poll wants a DEVICE")
    if args.in_lessons and args.what != "line-test":
        raise UsageError("--in-lessons is for a line-test")
    if args.downgrade and args.what != "upgrade":
        raise UsageError("--downgrade is for an upgrade")
    found: dict[str, Any] = {name: args.subject} if args.subject else {}
    found |= {"in_lessons": True} if args.in_lessons else {}
    return found | ({"downgrade": True} if args.downgrade else {})


def _list(rows: list[dict[str, Any]], as_json: bool) -> int:
    if as_json:
        print_json(rows)
        return DONE
    for row in rows:
        subject = str(row["arguments"].get(KINDS.get(row["kind"], "")) or "")
        what = f"{row['kind']} {subject}".strip()
        print(f"{local_time(row['at'])}  {row['state']:8}  {what}: {row['text'] or '-'}")
    if not rows:
        print("nothing was asked")
    return DONE
