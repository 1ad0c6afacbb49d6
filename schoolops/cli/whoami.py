"""Who the server takes me for, in which role, for which schools."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from schoolops.cli._guard import DONE
from schoolops.cli._server import add_server, client_of
from schoolops.cli._table import local_time, print_json, print_pairs


def configure(parser: ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="one object, with my permissions")
    add_server(parser)


def run(args: Namespace) -> int:
    with client_of(args) as client:
        me = client.me()
        server = client.endpoint.name
    if args.json:
        print_json(me)
    else:
        print_pairs([("name", str(me["name"])), ("role", str(me["role"])),
                     ("for", str(me["scope"])), ("at", server)])  # fmt: skip
        for one in me["for_a_time"]:
            until = local_time(one["until"])
            print(f"until {until}: {', '.join(one['may'])} for {one['scope']} ({one['source']})")
    return DONE
