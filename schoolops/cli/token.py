"""Access of colleagues to this server: named tokens with a role and a scope.

    schoolops token create m.weber --role school-admin --schools 164800,164811
    schoolops token list
    schoolops token revoke m.weber
    schoolops token keep --server https://schoolops.example

'keep' is for the colleague: it asks for the token, tries it, and stores it for that server.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter
from typing import Any

from schoolops.cli._ask import read_secrets
from schoolops.cli._guard import DONE, Refused, UsageError, say
from schoolops.cli._server import add_server, client_of
from schoolops.cli._table import local_time, print_json, print_table
from schoolops.cli._words import positive

INTERMIXED = False


def configure(parser: ArgumentParser) -> None:
    doing = parser.add_subparsers(dest="doing", metavar="create|list|revoke|keep", required=True)
    from schoolops.core.permissions import PERSON_ROLES, ROLES

    roles = "\n".join(f"  {name:<24} {ROLES[name].says}" for name in PERSON_ROLES)
    create = doing.add_parser(
        "create", help="make a token", allow_abbrev=False,
        formatter_class=RawDescriptionHelpFormatter,
        epilog=f"roles, within the schools of --schools or --authority, else all:\n{roles}",
    )  # fmt: skip
    create.add_argument("name", metavar="NAME", help="whose it is, such as m.weber")
    create.add_argument(
        "--role", required=True, choices=PERSON_ROLES, metavar="ROLE", help="see below"
    )
    scope = create.add_mutually_exclusive_group()
    scope.add_argument("--schools", metavar="N,N", help="only these schools, by number")
    scope.add_argument("--authority", metavar="N", help="only the schools of this authority")
    create.add_argument(
        "--days", metavar="N", type=positive, default=365, help="good for N days (365)"
    )
    create.add_argument("--json", action="store_true", help="the token as JSON")
    listed = doing.add_parser("list", help="all tokens, without secrets", allow_abbrev=False)
    listed.add_argument("--json", action="store_true", help="an array of objects")
    revoke = doing.add_parser("revoke", help="end a token at once", allow_abbrev=False)
    revoke.add_argument("name", metavar="NAME")
    keep = doing.add_parser("keep", help="store my token for a server", allow_abbrev=False)
    for each in (create, listed, revoke, keep):
        add_server(each)


def run(args: Namespace) -> int:
    return _DOING[str(args.doing)](args)


def _create(args: Namespace) -> int:
    schools = None
    if args.schools is not None:
        schools = [number.strip() for number in args.schools.split(",") if number.strip()]
        if not schools:
            raise UsageError("--schools wants school numbers, such as 164800,164811")
    with client_of(args) as client:
        made = client.create_token(
            args.name, args.role, schools=schools, authority=args.authority, days=args.days
        )
    if args.json:
        print_json(made)
        return DONE
    say(f"the token of {made['name']}, good until {local_time(made['expires'])}; shown this once:")
    print(made["token"])
    return DONE


def _list(args: Namespace) -> int:
    with client_of(args) as client:
        tokens = client.tokens()
    if args.json:
        print_json(tokens)
    else:
        print_table(
            ["NAME", "ROLE", "SCOPE", "EXPIRES", "LAST USED", "STATE"],
            [
                [
                    t["name"], t["role"], _scope(t), local_time(t.get("expires") or ""),
                    local_time(t.get("last_used") or ""), "revoked" if t.get("revoked") else "",
                ]
                for t in tokens
            ],
        )  # fmt: skip
    return DONE


def _scope(token: dict[str, Any]) -> str:
    if token.get("schools") is not None:
        return "schools " + ", ".join(token["schools"])
    return f"authority {token['authority']}" if token.get("authority") else "all schools"


def _revoke(args: Namespace) -> int:
    with client_of(args) as client:
        client.revoke_token(args.name)
    print(f"revoked the token {args.name}")
    return DONE


def _keep(args: Namespace) -> int:
    import os

    from schoolops.client import ApiError, connect
    from schoolops.client._tokens import keep_token

    server = args.server or os.environ.get("SCHOOLOPS_SERVER")
    if not server:
        raise UsageError("say for which server: --server URL; this computer's own needs no token")
    (secret,) = read_secrets(["Token"])
    try:
        with connect(server, secret.strip()) as client:
            me = client.me()
            file = keep_token(client.endpoint.url, secret.strip())
    except ValueError as error:
        raise UsageError(str(error)) from None
    except ApiError as error:
        if error.status == 401:
            raise Refused(f"the server does not take this token: {error.detail}") from None
        raise
    print(f"you are {me['name']} ({me['role']}, {me['scope']}); kept in {file}")
    return DONE


_DOING = {"create": _create, "list": _list, "revoke": _revoke, "keep": _keep}
