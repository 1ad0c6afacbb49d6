"""Who may do what: explain it, hand own rights on for a time, ask, approve.

    schoolops access explain passwords.reset --who t.kaya --school 164800 --class 5a
    schoolops access delegate t.kaya passwords.reset --school 164800 --until 2026-12-18 --reason ill
    schoolops access emergency 164800 estate.read --hours 2 --reason 'the school is offline'
    schoolops access approve m.weber

A proposal is named by its id or by who made it, a delegation by its id or by who has it, where that
is one alone; 'schoolops ls approvals' and 'schoolops ls delegations' list them.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from typing import TYPE_CHECKING

from schoolops.cli._guard import DONE, UsageError
from schoolops.cli._lookup import find_id
from schoolops.cli._server import add_server, client_of
from schoolops.cli._table import clean, local_time, print_json
from schoolops.cli._words import positive
from schoolops.core.permissions import (
    DELEGABLE,
    DELEGATION_DAYS,
    EMERGENCY_HOURS,
    FIELD_CLASSES,
    IN_EMERGENCIES,
    PERMISSIONS,
)

if TYPE_CHECKING:
    from schoolops.client import Client

INTERMIXED = False
_PROPOSAL = "its id, or who proposed it"


def configure(parser: ArgumentParser) -> None:
    names = "explain|delegate|revoke|emergency|approve|reject|withdraw|end-sessions"
    doing = parser.add_subparsers(dest="doing", metavar=names, required=True)

    def add(name: str, help: str) -> ArgumentParser:
        made = doing.add_parser(name, help=help, allow_abbrev=False)
        add_server(made)
        return made

    explain = add("explain", "may somebody do that there, and why or why not")
    explain.add_argument("permission", metavar="PERMISSION", choices=tuple(PERMISSIONS),
                         help=", ".join(PERMISSIONS))  # fmt: skip
    explain.add_argument("--who", metavar="NAME", default="", help="a user name (me)")
    _add_place(explain, required=False)
    explain.add_argument("--fields", choices=tuple(FIELD_CLASSES), default="",
                         help="and see these fields of persons")  # fmt: skip
    explain.add_argument("--json", action="store_true", help="the decision with its grants")

    delegate = add("delegate", "hand own rights on, at a school, for a time")
    delegate.add_argument("name", metavar="NAME", help="the user name of who gets them")
    _add_permissions(delegate, DELEGABLE)
    _add_place(delegate, required=True)
    delegate.add_argument("--until", metavar="DATE", required=True,
                          help=f"a day, as 2026-12-18, within {DELEGATION_DAYS} days")  # fmt: skip
    delegate.add_argument("--reason", metavar="TEXT", required=True, help="stands in the audit")

    revoke = add("revoke", "take a right for a time back")
    revoke.add_argument("id", metavar="ID", help="its id, or who has it")

    emergency = add("emergency", "ask for emergency access at a school")
    emergency.add_argument("school", metavar="SCHOOL", help="its number")
    _add_permissions(emergency, IN_EMERGENCIES)
    emergency.add_argument("--hours", metavar="N", type=positive, required=True,
                           help=f"1 to {EMERGENCY_HOURS}")  # fmt: skip
    emergency.add_argument("--reason", metavar="TEXT", required=True, help="what has happened")

    add("approve", "approve what somebody else proposed").add_argument(
        "id", metavar="ID", help=_PROPOSAL
    )
    reject = add("reject", "reject what somebody else proposed")
    reject.add_argument("id", metavar="ID", help=_PROPOSAL)
    reject.add_argument("--note", metavar="TEXT", required=True, help="why")
    add("withdraw", "take an own proposal back").add_argument("id", metavar="ID", help=_PROPOSAL)
    add("end-sessions", "sign a person out everywhere").add_argument(
        "name", metavar="NAME", help="the user name"
    )


def _add_permissions(parser: ArgumentParser, known: tuple[str, ...]) -> None:
    parser.add_argument("permissions", metavar="PERMISSION", nargs="+", choices=known,
                        help=", ".join(known))  # fmt: skip


def _add_place(parser: ArgumentParser, *, required: bool) -> None:
    parser.add_argument("--school", metavar="NR", default="", required=required, help="its number")
    parser.add_argument("--class", metavar="5a", dest="class_name", default="", help="of it")


def run(args: Namespace) -> int:
    return _DOING[str(args.doing)](args)


def _explain(args: Namespace) -> int:
    if args.class_name and not args.school:
        raise UsageError("a class is one of a school: --school NR")
    with client_of(args) as client:
        found = client.explain_access(
            args.permission, who=args.who, school=args.school, class_name=args.class_name,
            field_class=args.fields,
        )  # fmt: skip
    if args.json:
        print_json(found)
        return DONE
    print(f"{clean(found['who'])}: {'allowed' if found['allowed'] else 'not allowed'}")
    print(clean(found["reason"]))
    for grant in found["by"]:
        until = f", until {local_time(grant['until'])}" if grant["until"] else ""
        print(f"  {grant['source']}: {clean(grant['scope'])}{until}")
    return DONE


def _delegate(args: Namespace) -> int:
    from inventory.filter import end_of
    from schoolops.core.zone import local_zone

    try:
        until = end_of(args.until, local_zone())
    except ValueError as error:
        raise UsageError(f"--until: {error}") from None
    with client_of(args) as client:
        made = client.delegate(
            args.name, args.permissions, school=args.school, until=until, reason=args.reason,
            class_name=args.class_name,
        )  # fmt: skip
    rights = ", ".join(args.permissions)
    print(f"{made['receiver']} may {rights} until {local_time(made['until'])}; id {made['id']}")
    return DONE


def _revoke(args: Namespace) -> int:
    with client_of(args) as client:
        id = find_id(client, "delegations", args.id, ("receiver",), "state:active")
        client.revoke_delegation(id)
    print(f"revoked the delegation {id}")
    return DONE


def _emergency(args: Namespace) -> int:
    with client_of(args) as client:
        made = client.ask_emergency(
            args.school, args.permissions, hours=args.hours, reason=args.reason
        )
    print(f"asked; somebody else decides until {local_time(made['until'])}; id {made['id']}")
    return DONE


def _approve(args: Namespace) -> int:
    with client_of(args) as client:
        done = client.decide(_proposal(client, args.id), True)
    print(f"approved {done['id']}")
    return DONE


def _reject(args: Namespace) -> int:
    with client_of(args) as client:
        done = client.decide(_proposal(client, args.id), False, args.note)
    print(f"rejected {done['id']}")
    return DONE


def _withdraw(args: Namespace) -> int:
    with client_of(args) as client:
        id = _proposal(client, args.id)
        client.withdraw(id)
    print(f"withdrew {id}")
    return DONE


def _proposal(client: Client, word: str) -> str:
    return find_id(client, "approvals", word, ("proposed_by",), "state:open")


def _end_sessions(args: Namespace) -> int:
    with client_of(args) as client:
        client.end_sessions(args.name)
    print(f"signed {clean(args.name)} out")
    return DONE


_DOING: dict[str, Callable[[Namespace], int]] = {
    "explain": _explain,
    "delegate": _delegate,
    "revoke": _revoke,
    "emergency": _emergency,
    "approve": _approve,
    "reject": _reject,
    "withdraw": _withdraw,
    "end-sessions": _end_sessions,
}
