"""Reports of faults and wishes, until they are done.

    schoolops tickets list
    schoolops tickets list 'school:164800 priority:P1'
    schoolops tickets new --school 164800 --room 2.14 --category network --text 'WLAN is gone'
    schoolops tickets show 4711
    schoolops tickets reply 4711 'the switch is being replaced'
    schoolops tickets assign 4711 a.klein
    schoolops tickets close 4711 'a new switch'
    schoolops tickets link 4711 4690
    schoolops tickets suggest 'projector shows no picture'

A ticket is named by its number. 'reply' answers the reporter, with --internal it is a note among
colleagues; 'close' also closes what joined the ticket. 'link' says that two tickets have to do with
each other; with --same that they are about the same, so that one answer is for both, and with
--incident that it is part of a fault, so that one update answers all who reported it. 'mail' shows
mails that wait for a decision ('mail accept ID', 'mail drop ID'); 'mail try' tries the mailbox.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import Any

from inventory.choices import TICKET_CATEGORIES, TICKET_PRIORITIES, TICKET_WAYS
from schoolops.cli import _ticket_mail, incidents
from schoolops.cli._guard import DONE, UsageError
from schoolops.cli._server import add_server, client_of
from schoolops.cli._table import clean, local_time, print_json, print_pairs, print_table

INTERMIXED = False
_BY_HAND = tuple(way for way in TICKET_WAYS if way in ("cli", "phone", "paper"))


def configure(parser: ArgumentParser) -> None:
    names = (
        "list|show|new|reply|assign|priority|wait|solve|close|reopen|link|unlink|update|suggest|"
    )
    names += "articles|article|mail"
    doing = parser.add_subparsers(dest="doing", metavar=names, required=True)

    def add(name: str, help: str, which: str = "TICKET") -> ArgumentParser:
        made = doing.add_parser(name, help=help, allow_abbrev=False)
        if which:
            made.add_argument("ticket", metavar=which, help="its number")
        add_server(made)
        made.add_argument("--json", action="store_true", help="the answer as JSON")
        return made

    listed = add("list", "what is to be done, the most urgent first", which="")
    listed.add_argument("filter", metavar="FILTER", nargs="?", default="", help="as in ls")
    listed.add_argument("--all", action="store_true", help="and what is done")
    listed.add_argument("--limit", type=int, default=100, metavar="N", help="so many at most (100)")
    add("show", "one with all that was said and done")
    _configure_new(add("new", "report a fault or a wish", which=""))
    reply = add("reply", "answer the reporter")
    reply.add_argument("text", metavar="TEXT", help="what is said")
    reply.add_argument("--internal", action="store_true", help="a note that no reporter reads")
    assign = add("assign", "give it to somebody")
    assign.add_argument("person", metavar="PERSON", help="user name; '' for nobody")
    priority = add("priority", "change what is promised for it")
    priority.add_argument("priority", choices=tuple(TICKET_PRIORITIES), metavar="P1|P2|P3|P4")
    wait = add("wait", "wait for school or vendor: its clocks stand still")
    wait.add_argument("whom", choices=("school", "vendor"), metavar="school|vendor")
    wait.add_argument("text", metavar="TEXT", nargs="?", default="", help="what is said with it")
    for name, help in _STATES.items():
        made = add(name, help[1])
        made.add_argument("text", metavar="TEXT", nargs="?", default="", help="what is said")
    link = add("link", "it has to do with another ticket, or with an incident")
    link.add_argument("other", metavar="OTHER", nargs="?", default="", help="the other's number")
    link.add_argument("--same", action="store_true", help="both are about the same")
    link.add_argument("--incident", metavar="INCIDENT", default="", help="id, school or circuit")
    unlink = add("unlink", "take it out of the ticket that it joined, or of its incident")
    unlink.add_argument("--incident", action="store_true", help="out of the incident")
    _ticket_mail.configure(add("mail", "mails that wait for a decision", which=""))
    suggest = add("suggest", "what helped before", which="")
    suggest.add_argument("text", metavar="TEXT", help="what does not work")
    add("articles", "what is written down for all", which="")
    article = add("article", "write down what helps, or retire an article", which="")
    article.add_argument("--title", metavar="T", default="", help="in short")
    article.add_argument("--text", metavar="T", default="", help="what to do")
    article.add_argument("--retire", metavar="ID", default="", help="suggest this one no more")
    update = add("update", "answer all who reported a fault", which="INCIDENT")
    update.add_argument("text", metavar="TEXT", help="what is said to all")


_STATES = {
    "solve": ("solved", "it should work again; the reporter is asked"),
    "close": ("closed", "it is done"),
    "reopen": ("open", "it does not work after all"),
}


def _configure_new(new: ArgumentParser) -> None:
    new.add_argument("--school", metavar="NR", default="", help="school number")
    new.add_argument("--room", metavar="R", default="", help="room, such as 2.14")
    new.add_argument("--device", metavar="D", default="", help="serial number")
    new.add_argument("--text", metavar="T", required=True, help="what does not work")
    new.add_argument("--title", metavar="T", default="", help="in short (the text's begin)")
    new.add_argument(
        "--category", choices=tuple(TICKET_CATEGORIES), metavar="|".join(TICKET_CATEGORIES),
        default="other", help="(other)",
    )  # fmt: skip
    new.add_argument(
        "--priority", choices=tuple(TICKET_PRIORITIES), metavar="P1|P2|P3|P4", default="",
        help="else it follows from the rest",
    )  # fmt: skip
    new.add_argument(
        "--via", choices=_BY_HAND, metavar="|".join(_BY_HAND), default="cli",
        help="how it came, if somebody else told it",
    )  # fmt: skip
    new.add_argument("--name", metavar="NAME", default="", help="who told it")
    new.add_argument("--mail", metavar="ADDRESS", default="", help="where answers go")


def run(args: Namespace) -> int:
    if args.doing in _STATES:
        return _act(args, "state", state=_STATES[args.doing][0], text=args.text)
    return _DOING[args.doing](args)


_COLUMNS = ("number", "title", "school", "room", "priority", "state", "waits_for", "assigned_to",
            "opened", "category", "reporter", "joined_to", "incident")  # fmt: skip


def _list(args: Namespace) -> int:
    q = " ".join(part for part in (args.filter, "" if args.all else "active:yes") if part)
    with client_of(args) as client:
        page = client.page("tickets", q=q, columns=_COLUMNS, limit=args.limit)
    found = [dict(zip(("id", *_COLUMNS), (row[0], *row[4:]), strict=True)) for row in page.rows]
    if args.json:
        print_json(found)
        return DONE
    if not found:
        print("nothing is to be done")
        return DONE
    heads = ["number", "what", "school", "room", "priority", "state", "assigned to", "since"]
    rows = [
        [str(one["number"]), clean(one["title"]), one["school"] or "", clean(one["room"] or ""),
         one["priority"], _state(one), clean(one["assigned_to"] or ""), local_time(one["opened"])]
        for one in found
    ]  # fmt: skip
    print_table(heads, rows)
    return DONE


def _state(one: dict[str, Any]) -> str:
    if one["joined_to"]:
        return f"see {one['joined_to']}"
    return f"waits for {one['waits_for']}" if one["waits_for"] else str(one["state"])


def _show(args: Namespace) -> int:
    with client_of(args) as client:
        found = client.ticket(args.ticket)
    if args.json:
        print_json(found)
        return DONE
    fault, next_ = found["incident"], found["promises"]
    pairs = [
        ("ticket", f"{found['number']}  {clean(found['title'])}"),
        ("state", _state(found)),
        ("priority", found["priority"]),
        ("category", TICKET_CATEGORIES[found["category"]]),
        ("school", clean(f"{found['school'] or ''} {found['school_name'] or ''}".strip())),
        ("room", clean(found["room"] or "")),
        ("device", clean(found["device"] or "")),
        ("reported by", clean(found["reporter"] or "")),
        ("assigned to", clean(found["assigned_to"] or "")),
        ("since", local_time(found["opened"])),
        ("incident", clean(fault["title"]) if fault else ""),
        ("joined", ", ".join(str(number) for number in found["joined"])),
        ("see also", ", ".join(str(number) for number in found["links"])),
        *((name, _promise(one)) for name, one in next_.items()),
    ]
    print_pairs([(name, value) for name, value in pairs if value])
    print()
    print_table(["when", "who", "what", ""], [_entry(one) for one in found["entries"]])
    return DONE


def _promise(one: dict[str, Any]) -> str:
    if one["state"] == "none":
        return ""
    due = f", until {local_time(one['due'])}" if one["due"] else ""
    return f"{one['state']}{due} ({round(one['share'] * 100)} % used)"


def _entry(one: dict[str, Any]) -> list[str]:
    data = ", ".join(f"{name} {value}" for name, value in one["data"].items())
    what = one["what"] if one["public"] else f"{one['what']} (internal)"
    text = " ".join(part for part in (clean(one["text"]), clean(data)) if part)
    return [local_time(one["at"]), clean(one["by"]) or one["side"], what, text]


def _new(args: Namespace) -> int:
    names = ("school", "room", "device", "text", "title", "category", "priority", "via", "name",
             "mail")  # fmt: skip
    with client_of(args) as client:
        made = client.report({name: getattr(args, name) for name in names})
    return _booked(args, made)


def _booked(args: Namespace, made: dict[str, Any]) -> int:
    if args.json:
        print_json(made)
    elif made["joined_to"]:
        print(f"ticket {made['number']}, about the same as {made['joined_to']}")
    else:
        print(f"ticket {made['number']}: {made['state']}, {made['priority']}")
    return DONE


def _act(args: Namespace, what: str, **given: Any) -> int:
    with client_of(args) as client:
        made = client.act_on_ticket(args.ticket, what, **given)
    return _booked(args, made)


def _link(args: Namespace) -> int:
    if bool(args.other) == bool(args.incident):
        raise UsageError("say another ticket, or --incident INCIDENT")
    with client_of(args) as client:
        if args.incident:
            incident = incidents.find(client, args.incident)
            made = client.act_on_ticket(args.ticket, "incident", incident=incident)
        else:
            what = "join" if args.same else "links"
            made = client.act_on_ticket(args.ticket, what, ticket=args.other)
    return _booked(args, made)


def _unlink(args: Namespace) -> int:
    if args.incident:
        return _act(args, "incident", incident="")
    return _act(args, "join", ticket="")


def _update(args: Namespace) -> int:
    with client_of(args) as client:
        told = client.tell_all(incidents.find_or_last(client, args.ticket), args.text)
    if args.json:
        print_json(told)
    else:
        print(f"answered {told['tickets']} tickets")
    return DONE


def _suggest(args: Namespace) -> int:
    with client_of(args) as client:
        return _print_suggestions(args, client.suggestions(args.text))


def _articles(args: Namespace) -> int:
    with client_of(args) as client:
        return _print_suggestions(args, client.articles())


def _print_suggestions(args: Namespace, found: list[dict[str, Any]]) -> int:
    if args.json:
        print_json(found)
        return DONE
    rows = [
        [str(one["number"] or "article"), clean(one["title"]), clean(one["text"]), one["id"]]
        for one in found
    ]
    if rows:
        print_table(["ticket", "what", "what helped", "id"], rows)
    else:
        print("nothing like it is known")
    return DONE


def _article(args: Namespace) -> int:
    if bool(args.retire) == bool(args.title and args.text):
        raise UsageError("say --title T --text T, or --retire ID")
    with client_of(args) as client:
        if args.retire:
            client.retire_article(args.retire)
            made = {"id": args.retire}
        else:
            made = client.write_article(args.title, args.text)
    if args.json:
        print_json(made)
    else:
        print("retired" if args.retire else f"written down as {made['id']}")
    return DONE


_DOING = {
    "list": _list,
    "show": _show,
    "new": _new,
    "reply": lambda args: _act(args, "replies", text=args.text, internal=args.internal),
    "assign": lambda args: _act(args, "assignment", username=args.person),
    "priority": lambda args: _act(args, "priority", priority=args.priority),
    "wait": lambda args: _act(args, "state", state="waiting", waits_for=args.whom, text=args.text),
    "link": _link,
    "unlink": _unlink,
    "update": _update,
    "mail": _ticket_mail.run,
    "suggest": _suggest,
    "articles": _articles,
    "article": _article,
}
