"""The rules by which incidents begin, and what they would have done.

    schoolops alerts rules
    schoolops alerts try 164800
    schoolops alerts try 164800 --rules own.yaml --hours 72

'try' runs rules over what was measured at a school in the last hours, and changes nothing. Rules of
the city are YAML files under alerts/ of the home folder; they count within seconds.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from schoolops.cli._files import read_text_file
from schoolops.cli._guard import DONE, REFUSED, say
from schoolops.cli._server import add_server, client_of
from schoolops.cli._table import clean, local_time, print_json, print_table

INTERMIXED = False


def configure(parser: ArgumentParser) -> None:
    doing = parser.add_subparsers(dest="doing", metavar="rules|try", required=True)
    rules = doing.add_parser("rules", help="the rules in force", allow_abbrev=False)
    rules.add_argument("--json", action="store_true", help="the rules as JSON")
    add_server(rules)
    tried = doing.add_parser(
        "try", help="what rules would have done with a school's last hours", allow_abbrev=False
    )
    tried.add_argument("school", metavar="SCHOOL", help="school number")
    tried.add_argument("--rules", metavar="FILE", default="", help="YAML (the rules in force)")
    tried.add_argument("--hours", metavar="N", type=int, default=24, help="at most 168 (24)")
    tried.add_argument("--json", action="store_true", help="the alerts as JSON")
    add_server(tried)


def run(args: Namespace) -> int:
    return _rules(args) if args.doing == "rules" else _try(args)


def _rules(args: Namespace) -> int:
    with client_of(args) as client:
        found = client.alert_rules()
    if args.json:
        print_json(found)
        return DONE
    rows = [
        [one["id"], one["severity_lessons"], clean(one["when"]), _for(one), one["source"],
         str(one["open_alerts"] or "")]
        for one in found["rules"]
    ]  # fmt: skip
    print_table(["rule", "severity", "when", "for", "from", "now"], rows)
    if found["problem"]:
        for one in found["problems"]:
            say(f"rules of the city are not in force: {clean(one['text'])}")
        return REFUSED
    return DONE


def _for(one: dict[str, int | str]) -> str:
    lessons, otherwise = int(one["for_lessons_s"]), int(one["for_otherwise_s"])
    if one["hours"] == "lessons":
        return f"{span(lessons)} in lessons"
    if lessons == otherwise:
        return span(lessons)
    return f"{span(lessons)} in lessons, else {span(otherwise)}"


def span(seconds: int) -> str:
    """90 → '90s', 300 → '5m'."""
    for size, unit in ((86_400, "d"), (3600, "h"), (60, "m")):
        if seconds and seconds % size == 0:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


def _try(args: Namespace) -> int:
    rules = read_text_file(args.rules) if args.rules else ""
    with client_of(args) as client:
        found = client.try_rules(args.school, args.hours, rules)
    if args.json:
        print_json(found)
        return DONE
    rows = [
        [one["rule"], one["severity"], clean(one["text"]), local_time(one["since"]),
         local_time(one["fired"]), local_time(one["until"] or "") or "still",
         str(one["devices"] or "")]
        for one in found["alerts"]
    ]  # fmt: skip
    if rows:
        print_table(["rule", "severity", "what", "since", "told", "until", "cut off"], rows)
    since = local_time(found["since"])
    print(f"{len(rows)} alerts at {found['school']} since {since}")
    return DONE
