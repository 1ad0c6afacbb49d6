"""The agents at schools: invite one with a one-time code, list them, revoke one.

schoolops agent invite 164800
schoolops agent list state:silent
schoolops agent revoke 164800-1 --reason 'router stolen'
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from schoolops.cli import ls
from schoolops.cli._guard import DONE, UsageError, say
from schoolops.cli._lookup import find_id
from schoolops.cli._server import add_server, client_of
from schoolops.cli._table import local_time, print_json

INTERMIXED = False


def configure(parser: ArgumentParser) -> None:
    doing = parser.add_subparsers(dest="doing", metavar="invite|list|revoke", required=True)
    invite = doing.add_parser("invite", help="a one-time code for a school", allow_abbrev=False)
    invite.add_argument("school", metavar="SCHOOL", help="school number")
    invite.add_argument("--name", default="", help="name of the agent (the number and a count)")
    invite.add_argument("--json", action="store_true", help="the code as JSON")
    add_server(invite)
    listed = doing.add_parser("list", help="all agents", allow_abbrev=False)
    listed.set_defaults(kind="agents")
    ls.add_filter(listed)
    revoke = doing.add_parser("revoke", help="shut an agent out for good", allow_abbrev=False)
    revoke.add_argument("id", metavar="ID", help="name or id")
    revoke.add_argument("--reason", required=True, help="why; others will read it")
    add_server(revoke)


def run(args: Namespace) -> int:
    if args.doing == "list":
        return ls.run(args)
    with client_of(args) as client:
        if args.doing == "revoke":
            if not args.reason.strip():
                raise UsageError("--reason must say why")
            client.revoke(find_id(client, "agents", args.id, ("name",)), args.reason)
            print(f"revoked agent {args.id}")
            return DONE
        made = client.invite(args.school, args.name)
        remote = None if client.endpoint.socket else client.endpoint.url
    if args.json:
        print_json(made)
        return DONE
    server = made.get("server") or remote
    print(f"Code for agent {made.get('name', '')}: {made['code']}")
    print(f"Good once, until {local_time(made['expires'])}. On the machine at the school:")
    print(f"  schoolops-agent join {server or 'https://THIS-SERVER'} {made['code']}")
    if not server:
        say("set server.public_url in schoolops.toml, and this command shows the right address")
    return DONE
