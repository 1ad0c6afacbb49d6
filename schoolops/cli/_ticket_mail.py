"""`schoolops tickets mail`: what waits for a decision, and whether the mailbox can be read."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from schoolops.cli._guard import DONE, REFUSED, UsageError, say
from schoolops.cli._server import client_of
from schoolops.cli._table import clean, local_time, print_json, print_table

DOING = ("list", "show", "accept", "drop", "try")
KINDS = ("quarantine", "unsorted", "dropped", "all")


def configure(parser: ArgumentParser) -> None:
    parser.add_argument("act", metavar="|".join(DOING), nargs="?", choices=DOING, default="list",
                        help="what waits (list); one mail; accept, drop; try")  # fmt: skip
    parser.add_argument("mail", metavar="MAIL", nargs="?", default="", help="its id")
    parser.add_argument("--which", choices=KINDS, default="quarantine",
                        metavar="|".join(KINDS), help="of list (quarantine)")  # fmt: skip
    parser.add_argument("--limit", type=int, default=100, metavar="N", help="so many at most (100)")
    parser.add_argument("--into", metavar="TICKET", default="",
                        help="of accept: another ticket than the one it names")  # fmt: skip


def run(args: Namespace) -> int:
    if args.act in ("show", "accept", "drop") and not args.mail:
        raise UsageError(f"say which mail: schoolops tickets mail {args.act} MAIL")
    return {"list": _list, "show": _show, "try": _try}.get(args.act, _decide)(args)


def _list(args: Namespace) -> int:
    with client_of(args) as client:
        found = client.ticket_mails(args.which, args.limit)
    if args.json:
        print_json(found)
        return DONE
    if found["mails"]:
        rows = [
            [one["id"], local_time(one["at"]), clean(one["sender"]), clean(one["subject"]),
             str(one["ticket"] or ""), one["why"] or one["state"]]
            for one in found["mails"]
        ]  # fmt: skip
        print_table(["id", "when", "from", "subject", "ticket", "why"], rows)
    say(", ".join(f"{number} {kind}" for kind, number in found["counts"].items()))
    return DONE


def _show(args: Namespace) -> int:
    with client_of(args) as client:
        found = client.ticket_mail(args.mail)
    if args.json:
        print_json(found)
        return DONE
    print(f"{clean(found['sender'])}  {local_time(found['at'])}  {clean(found['subject'])}\n")
    print("\n".join(clean(line) for line in found["text"].split("\n")))
    return DONE


def _decide(args: Namespace) -> int:
    with client_of(args) as client:
        done = client.decide_ticket_mail(args.mail, args.act, args.into)
    if args.json:
        print_json(done)
    elif done["state"] == "dropped":
        print("it is put away")
    else:
        print(f"{done['state']}: ticket {done['ticket']}")
    return DONE


def _try(args: Namespace) -> int:
    with client_of(args) as client:
        found = client.try_mailbox()
    if args.json:
        print_json(found)
    elif found["works"]:
        print(f"the mailbox can be read; {found['new']} mails are new")
    else:
        say(f"the mailbox cannot be read: {found['answer']}")
    return DONE if found["works"] else REFUSED
