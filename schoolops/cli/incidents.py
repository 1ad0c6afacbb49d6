"""What is broken, since when, and who looks after it.

    schoolops incidents list
    schoolops incidents show 164800
    schoolops incidents claim 164800
    schoolops incidents note 164800 'the provider digs, back about 14:00'
    schoolops incidents report 164800
    schoolops incidents close 164800 'the agent was taken away'

An incident is named by its id; by its school, provider or circuit number where that has one open
incident alone ('show', 'note' and 'report' take the last one if none is open). 'report' drafts the
fault report to the provider, with what was measured. An incident ends by itself; 'close' is for
one of which nobody reports any more whether it is over.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING, Any

from schoolops.cli._guard import DONE, Refused
from schoolops.cli._lookup import find_id
from schoolops.cli._server import add_server, client_of
from schoolops.cli._table import clean, local_time, print_json, print_pairs, print_table

if TYPE_CHECKING:
    from schoolops.client import Client

INTERMIXED = False
_WHICH = "its id, or the school, provider or circuit it is about"
_DEEDS = {
    "acknowledge": ("say that you have seen it; it is told no further", "acknowledged"),
    "claim": ("take it; one person alone has it", "claimed"),
    "release": ("give it back", "released"),
}


def configure(parser: ArgumentParser) -> None:
    names = "list|show|acknowledge|claim|release|note|report|close"
    doing = parser.add_subparsers(dest="doing", metavar=names, required=True)

    def add(name: str, help: str, which: bool = True) -> ArgumentParser:
        made = doing.add_parser(name, help=help, allow_abbrev=False)
        if which:
            made.add_argument("incident", metavar="INCIDENT", help=_WHICH)
        add_server(made)
        return made

    listed = add("list", "what is broken now", which=False)
    listed.add_argument("--all", action="store_true", help="and what is over")
    listed.add_argument("--limit", type=int, default=100, metavar="N", help="so many at most (100)")
    listed.add_argument("--json", action="store_true", help="the incidents as JSON")
    show = add("show", "one with its schools, alerts and what happened")
    show.add_argument("--json", action="store_true", help="the incident as JSON")
    for name, (help, _) in _DEEDS.items():
        add(name, help)
    note = add("note", "write down what was found out or done")
    note.add_argument("text", metavar="TEXT", help="what others shall know")
    close = add("close", "end one of which nobody reports whether it is over")
    close.add_argument("text", metavar="TEXT", help="why it is over")
    report = add("report", "draft the fault report to the provider")
    report.add_argument("--language", choices=("de", "en"), default="de", help="(de)")
    report.add_argument("--json", action="store_true", help="subject and text as JSON")


def run(args: Namespace) -> int:
    if args.doing in _DEEDS:
        return _act(args)
    return {"list": _list, "show": _show, "note": _note, "report": _report, "close": _close}[
        args.doing
    ](args)


_NAMED_BY = ("school", "provider", "circuit")


def find(client: Client, word: str) -> str:
    """The id of an open incident."""
    return find_id(client, "incidents", word, _NAMED_BY, "open:yes", see="incidents list")


def find_or_last(client: Client, word: str) -> str:
    """The same; if none is open, the last one that was."""
    try:
        return find(client, word)
    except Refused as none:
        quoted = word.replace("\\", "\\\\").replace('"', '\\"')
        for field in _NAMED_BY:
            page = client.page(
                "incidents", q=f'{field}:"{quoted}" open:no', sort="-began", columns=("title",),
                limit=1,
            )  # fmt: skip
            if page.rows and "fits several" not in str(none):
                return str(page.rows[0][0])
        raise


_COLUMNS = ("severity", "title", "school", "schools", "devices", "began", "state", "claimed_by",
            "acknowledged_by", "ended", "provider", "circuit")  # fmt: skip


def _list(args: Namespace) -> int:
    with client_of(args) as client:
        page = client.page(
            "incidents", q="" if args.all else "open:yes", columns=_COLUMNS, limit=args.limit
        )
    found = [dict(zip(("id", *_COLUMNS), (row[0], *row[4:]), strict=True)) for row in page.rows]
    if args.json:
        print_json(found)
        return DONE
    if not found:
        print("nothing is broken that schoolops knows of")
        return DONE
    rows = [
        [one["severity"], clean(one["title"]), one["school"] or f"{one['schools']} schools",
         str(one["devices"] or ""), local_time(one["began"]), one["state"], _who(one),
         one["id"]]
        for one in found
    ]  # fmt: skip
    print_table(["severity", "what", "where", "cut off", "since", "state", "by", "id"], rows)
    return DONE


def _who(one: dict[str, Any]) -> str:
    """Who has taken it, or has seen it at least."""
    if one["claimed_by"]:
        return f"taken: {clean(one['claimed_by'])}"
    return f"seen: {clean(one['acknowledged_by'])}" if one["acknowledged_by"] else ""


def _show(args: Namespace) -> int:
    with client_of(args) as client:
        found = client.incident(find_or_last(client, args.incident))
    if args.json:
        print_json(found)
        return DONE
    where = f"{found['school']} {found['school_name']}" if found["school"] else ""
    pairs = [
        ("what", clean(found["title"])),
        ("severity", found["severity"]),
        ("state", found["state"]),
        ("school", clean(where)),
        ("about", f"{found['kind']} {clean(found['key'])}" if found["key"] else ""),
        ("since", local_time(found["began"])),
        ("until", local_time(found["ended"] or "")),
        ("cut off", f"{found['devices']} devices" if found["devices"] else ""),
        ("provider", clean(found["provider"])),
        ("circuit", clean(found["circuit"])),
        ("hotline", clean(found["hotline"])),
        ("acknowledged by", clean(found["acknowledged_by"])),
        ("taken by", clean(found["claimed_by"])),
        ("id", found["id"]),
    ]
    print_pairs([(name, value) for name, value in pairs if value])
    if len(found["schools"]) > 1:
        print()
        print_table(["school", "name", "since", "until", "cut off"], [
            [one["number"], clean(one["name"]), local_time(one["since"]),
             local_time(one["until"] or ""), str(one["devices"] or "")]
            for one in found["schools"]
        ])  # fmt: skip
    print()
    print_table(["since", "until", "school", "alert"], [
        [local_time(one["since"]), local_time(one["until"] or ""), one["school"],
         clean(one["text"])]
        for one in found["alerts"]
    ])  # fmt: skip
    print()
    print_table(["when", "who", "what", ""], [_event(one) for one in found["events"]])
    return DONE


def _event(one: dict[str, Any]) -> list[str]:
    told = " ".join(part for part in (one["school"], clean(one["text"])) if part)
    return [local_time(one["at"]), clean(one["by"]) or "schoolops", one["what"], told]


def _act(args: Namespace) -> int:
    with client_of(args) as client:
        client.act_on_incident(find(client, args.incident), args.doing)
    print(_DEEDS[args.doing][1])
    return DONE


def _note(args: Namespace) -> int:
    with client_of(args) as client:
        client.note_incident(find_or_last(client, args.incident), args.text)
    print("written down")
    return DONE


def _close(args: Namespace) -> int:
    with client_of(args) as client:
        client.close_incident(find(client, args.incident), args.text)
    print("closed; if it is not over, it comes back with the next report")
    return DONE


def _report(args: Namespace) -> int:
    with client_of(args) as client:
        found = client.fault_report(find_or_last(client, args.incident), args.language)
    if args.json:
        print_json(found)
        return DONE
    print(f"{found['subject']}\n\n{found['text']}", end="")
    return DONE
