"""Where a device stood, and what was done to a record: schoolops history device DMPX1234"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import Any

from schoolops.cli._guard import DONE, UsageError
from schoolops.cli._server import add_server, client_of
from schoolops.cli._table import clean, local_time, print_json, print_table
from schoolops.cli._words import kind_of


def configure(parser: ArgumentParser) -> None:
    parser.add_argument("kind", metavar="device", help="device, or a kind of device")
    parser.add_argument("id", metavar="ID")
    parser.add_argument("--json", action="store_true", help='{"placements": […], "events": […]}')
    add_server(parser)


def run(args: Namespace) -> int:
    kind, _ = kind_of(args.kind)
    if kind.name != "device":
        raise UsageError("a history is kept of devices; for others see 'schoolops ls audit'")
    with client_of(args) as client:
        history = client.history(args.id)
    if args.json:
        print_json(history)
        return DONE
    print_table(
        ["FROM", "UNTIL", "SCHOOL", "ROOM", "BY", "NOTE"],
        [
            [
                local_time(p["from"] or ""), local_time(p["until"] or "") or "now",
                p["school"] or "", clean(p["room"] or ""), clean(p["by"]), clean(p["note"] or ""),
            ]
            for p in history["placements"]
        ],
    )  # fmt: skip
    if history["events"]:
        print()
        print_table(
            ["WHEN", "WHO", "WHAT", "DETAIL"],
            [
                [local_time(e["at"]), clean(e["actor"]), e["action"], _told(e["detail"])]
                for e in history["events"]
            ],
        )
    return DONE


def _told(detail: Any) -> str:
    """An event's detail as a sentence: `room: – → 164800/2.14, note: repaired`."""
    if not isinstance(detail, dict):
        return clean(str(detail or ""))
    parts = [
        f"{name}: {_plain(old)} → {_plain(new)}"
        for name, (old, new) in detail.get("changes", {}).items()
    ]
    parts += [f"{name}: {_plain(value)}" for name, value in detail.items() if name != "changes"]
    return clean(", ".join(parts))


def _plain(value: Any) -> str:
    if isinstance(value, list):
        return " ".join(str(part) for part in value)
    return "–" if value is None else str(value)
