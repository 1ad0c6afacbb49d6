"""What a record was before each change: schoolops history room 164800/2.14

The latest change comes first, what the record was made of comes last. An import says its file, a
retirement its reason. Of a device it is told besides where it stood.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import Any

from schoolops.cli._guard import DONE
from schoolops.cli._server import add_server, client_of
from schoolops.cli._table import clean, local_time, print_json, print_table, said
from schoolops.cli._words import add_kind, editable_kind


def configure(parser: ArgumentParser) -> None:
    add_kind(parser)
    parser.add_argument("id", metavar="ID", help="key (school number, serial, 164800/2.14) or id")
    parser.add_argument("--json", action="store_true",
                        help='{"created": …, "changes": […], "placements": […]}')  # fmt: skip
    add_server(parser)


def run(args: Namespace) -> int:
    kind, _ = editable_kind(args.kind)
    with client_of(args) as client:
        history = client.history(kind.plural, args.id)
        while history["more"]:
            page = client.history(kind.plural, args.id, history["changes"][-1]["number"])
            history["changes"] += page["changes"]
            history["more"] = page["more"]
    if args.json:
        print_json(history)
        return DONE
    if history["placements"]:
        print_table(
            ["FROM", "UNTIL", "SCHOOL", "ROOM", "BY", "NOTE"],
            [
                [
                    local_time(p["from"] or ""), local_time(p["until"] or "") or "now",
                    p["school"] or "", clean(p["room"] or ""), clean(p["by"]),
                    clean(p["note"] or ""),
                ]
                for p in history["placements"]
            ],
        )  # fmt: skip
        print()
    created = history["created"]
    rows = [
        [local_time(one["at"]), clean(one["by"]), one["how"], _told(one)]
        for one in history["changes"]
    ]
    made = {name: pair and pair[1] for name, pair in created["fields"].items()}
    told = ", ".join(f"{name}: {said(value)}" for name, value in made.items() if value is not None)
    note = f" ({created['note']})" if created["note"] else ""
    how = created["how"]
    rows.append(
        [local_time(created["at"]), clean(created["by"] or ""), how, clean(f"{told}{note}".strip())]
    )
    print_table(["WHEN", "WHO", "WHAT", "DETAIL"], rows)
    return DONE


def _told(change: dict[str, Any]) -> str:
    """A change as a sentence: `room: empty → 164800/2.14 (repaired)`."""
    parts = [
        f"{name}: changed" if pair is None else f"{name}: {said(pair[0])} → {said(pair[1])}"
        for name, pair in change["fields"].items()
    ]
    told = ", ".join(parts)
    if change["note"]:
        told += f" ({change['note']})"
    return clean(told.strip())
