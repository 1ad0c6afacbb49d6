"""Outgoing mail: try it, see what waits or has failed, send it again, look at its texts.

    schoolops notify test m.weber@city.example
    schoolops notify list --state failed
    schoolops notify retry
    schoolops notify preview emergency-asked --language en

'test' sends one mail and says what the mail server answered. 'list' masks addresses. 'preview'
shows a text with invented values, with drafts of the city's own (see 'schoolops portal --help').
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from schoolops.cli._guard import DONE, REFUSED, UsageError, say
from schoolops.cli._server import add_server, client_of
from schoolops.cli._table import clean, local_time, print_json, print_table
from schoolops.cli._words import positive

INTERMIXED = False
STATES = ("waiting", "failed", "sent", "late")


def configure(parser: ArgumentParser) -> None:
    doing = parser.add_subparsers(dest="doing", metavar="test|list|retry|preview", required=True)
    test = doing.add_parser("test", help="send one mail now", allow_abbrev=False)
    test.add_argument("address", metavar="ADDRESS", help="to whom")
    add_server(test)
    listed = doing.add_parser("list", help="what waits, failed, was sent", allow_abbrev=False)
    listed.add_argument("--state", choices=STATES, default="", help="these alone")
    listed.add_argument("--limit", metavar="N", type=positive, default=100, help="so many (100)")
    listed.add_argument("--json", action="store_true", help="the mails as JSON")
    add_server(listed)
    retry = doing.add_parser("retry", help="send failed and waiting mails now", allow_abbrev=False)
    retry.add_argument("ids", metavar="ID", nargs="*", help="these alone, by their ids")
    add_server(retry)
    preview = doing.add_parser("preview", help="look at a text", allow_abbrev=False)
    preview.add_argument("name", metavar="NAME", nargs="?", default="",
                         help="such as emergency-asked; without it, the names")  # fmt: skip
    preview.add_argument("--language", choices=("de", "en"), default="de", help="de, en (de)")
    preview.add_argument("--html", action="store_true", help="the HTML alternative")


def run(args: Namespace) -> int:
    return {"test": _test, "list": _list, "retry": _retry, "preview": _preview}[args.doing](args)


def _test(args: Namespace) -> int:
    with client_of(args) as client:
        done = client.test_mail(args.address)
    if not done["sent"]:
        say(f"it was not sent: {done['answer']}")
        return REFUSED
    print(f"the mail server took it: {clean(done['answer'])}")
    return DONE


def _list(args: Namespace) -> int:
    with client_of(args) as client:
        found = client.mail(args.state, args.limit)
    if args.json:
        print_json(found)
        return DONE
    if found["mails"]:
        rows = [
            [one["id"], one["notice"], clean(one["to"]), one["state"], str(one["attempts"]),
             local_time(one["ended"] or one["next"] or one["created"]), clean(one["error"])]
            for one in found["mails"]
        ]  # fmt: skip
        print_table(["id", "notice", "to", "state", "tries", "ended, or next", "answer"], rows)
    say(", ".join(f"{number} {state}" for state, number in found["counts"].items()))
    if not found["on"]:
        say("mail is off: set mail.host and mail.sender; nobody is told anything by mail")
    return DONE


def _retry(args: Namespace) -> int:
    with client_of(args) as client:
        again = client.retry_mail(args.ids)["again"]
    print(f"{again} mails are tried again now")
    return DONE


def _preview(args: Namespace) -> int:
    """Exit 1 if the city's own text is broken; the shipped one is shown then."""
    from schoolops.alerts import telling  # noqa: F401  (registers its texts)
    from schoolops.core.settings import load_settings
    from schoolops.identity import notices  # noqa: F401  (registers its texts)
    from schoolops.notify.texts import NOTICES, Texts
    from schoolops.tickets import telling as _telling  # noqa: F401  (registers its texts)
    from schoolops.web.templates import Templates

    if not args.name:
        print("\n".join(NOTICES))
        return DONE
    if args.name not in NOTICES:
        raise UsageError(f"there is no text {args.name!r}; there are: {', '.join(NOTICES)}")
    settings = load_settings()
    texts = Texts(settings, Templates(settings.home, drafts=True))
    text = texts.fill(args.name, args.language, NOTICES[args.name])
    print(text.html if args.html else f"{text.subject}\n\n{text.plain}", end="")
    wrong = texts.templates.problems
    for why in wrong.values():
        say(f"your own text is broken, this is the shipped one: {why}")
    return REFUSED if wrong else DONE
