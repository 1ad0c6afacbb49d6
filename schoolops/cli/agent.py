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


PROBLEMS = {
    "no-port": "no agent can reach this server, for it listens on no port; 'schoolops serve "
    "--stop', then 'schoolops serve --host ADDRESS --port 8443' and invite again, or set "
    "server.public_url (docs/operations.md)",
    "this-computer": "{url} is good on this computer alone; for agents elsewhere set "
    "server.public_url, or 'schoolops serve --host ADDRESS' (docs/operations.md)",
    "unreachable": "nothing answers at {url} as seen from here; see that the server runs and that "
    "server.public_url is right",
    "untrusted": "nobody this computer trusts vouches for the certificate of {url}; give the agent "
    "--ca FILE with your authority, and set SCHOOLOPS_CA here to have the pin printed",
}


def configure(parser: ArgumentParser) -> None:
    doing = parser.add_subparsers(dest="doing", metavar="invite|list|revoke", required=True)
    invite = doing.add_parser("invite", help="a one-time code for a school", allow_abbrev=False)
    invite.add_argument("school", metavar="SCHOOL", help="school number")
    invite.add_argument("--name", default="", help="name of the agent (made of the school number)")
    invite.add_argument("--json", action="store_true", help='{"code", "server", "join", …}')
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
    from schoolops.client import way_of_agents

    with client_of(args) as client:
        if args.doing == "revoke":
            if not args.reason.strip():
                raise UsageError("--reason must say why")
            client.revoke(find_id(client, "agents", args.id, ("name",)), args.reason)
            print(f"revoked agent {args.id}")
            return DONE
        made = client.invite(args.school, args.name)
        way = way_of_agents(client.endpoint, made.get("server") or "")
    command = way.command(made["code"]) if way.url else None
    if args.json:
        print_json(made | {"server": way.url or None, "join": command})
    else:
        print(f"Code for agent {made['name']}: {made['code']}")
        print(f"Good once, until {local_time(made['expires'])}.")
        if command:
            print(f"On the machine at the school:\n  {command}\n  schoolops-agent run")
    if way.problem:
        say(PROBLEMS[way.problem].format(url=way.url))
    return DONE
