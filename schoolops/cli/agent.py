"""The agents at schools: invite one with a one-time code, list them, ask one for something.

schoolops agent invite 164800
schoolops agent list state:silent
schoolops agent ask 164800-1 line-test --wait
schoolops agent ask 164800-1 poll SN-4711
schoolops agent asked 164800-1
schoolops agent release dist/schoolops-agent.pyz
schoolops agent ask 164800-1 upgrade --wait
schoolops agent revoke 164800-1 --reason 'router stolen'
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from schoolops.cli import _asking, _releasing, ls
from schoolops.cli._guard import DONE, Refused, UsageError, say
from schoolops.cli._lookup import find_id
from schoolops.cli._server import add_server, client_of
from schoolops.cli._table import local_time, print_json

INTERMIXED = False


def configure(parser: ArgumentParser) -> None:
    doing = parser.add_subparsers(
        dest="doing", metavar="invite|list|ask|asked|release|revoke", required=True
    )
    invite = doing.add_parser("invite", help="a one-time code for a school", allow_abbrev=False)
    invite.add_argument("school", metavar="SCHOOL", help="school number")
    invite.add_argument("--name", default="", help="name of the agent (made of the school number)")
    invite.add_argument("--json", action="store_true", help='{"code", "server", "join", …}')
    add_server(invite)
    listed = doing.add_parser("list", help="all agents", allow_abbrev=False)
    listed.set_defaults(kind="agents")
    ls.add_filter(listed)
    ask = doing.add_parser(
        "ask", help="a line test, diagnostics, an upgrade, …", allow_abbrev=False
    )
    _asking.configure(ask)
    asked = doing.add_parser("asked", help="what it was asked for lately", allow_abbrev=False)
    asked.add_argument("id", metavar="ID", help="name or id")
    asked.add_argument("--json", action="store_true", help="everything, with the answers' data")
    add_server(asked)
    release = doing.add_parser("release", help="sign and offer an upgrade", allow_abbrev=False)
    _releasing.configure(release)
    revoke = doing.add_parser("revoke", help="shut an agent out for good", allow_abbrev=False)
    revoke.add_argument("id", metavar="ID", help="name or id")
    revoke.add_argument("--reason", required=True, help="why; others will read it")
    add_server(revoke)


def run(args: Namespace) -> int:
    if args.doing == "list":
        return ls.run(args)
    if args.doing == "release":
        return _releasing.run(args)
    from schoolops.client import way_of_agents

    with client_of(args) as client:
        if args.doing in ("ask", "asked"):
            return _asking.run(args, client)
        if args.doing == "revoke":
            if not args.reason.strip():
                raise UsageError("--reason must say why")
            client.revoke(find_id(client, "agents", args.id, ("name",)), args.reason)
            print(f"revoked agent {args.id}")
            return DONE
        way = way_of_agents(client.endpoint, client.me().get("public_url") or "")
        if not way.url:  # an invitation that nobody can follow would wait in the list for ever
            raise Refused(way.warning())
        made = client.invite(args.school, args.name)
    command = way.command(made["code"])
    if args.json:
        print_json(made | {"server": way.url, "join": command})
    else:
        print(f"Code for agent {made['name']}: {made['code']}")
        print(f"Good once, until {local_time(made['expires'])}.")
        print(f"On the machine at the school:\n  {command}\n  schoolops-agent run")
        print("Where only the one file was copied, 'python3 schoolops-agent.pyz' stands for "
              "'schoolops-agent'.")  # fmt: skip
    if way.problem:
        say(way.warning())
    return DONE
