"""The QR code of a room, and what was measured in it from a browser.

    schoolops room code 164800/2.14
    schoolops room code 164800/2.14 --svg 2.14.svg
    schoolops room code 164800/2.14 --renew
    schoolops room code 164800/2.14 --revoke
    schoolops room measured 164800/2.14

The code leads to a page that takes reports of faults in the room and measures its internet; nobody
needs an account for it. A code that is renewed or revoked leads nowhere any more.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import Any

from inventory.fields import format_rate
from schoolops.cli._code import configure_code, run_code
from schoolops.cli._guard import DONE
from schoolops.cli._server import add_server, client_of
from schoolops.cli._table import local_time, print_json, print_table

INTERMIXED = False
ENOUGH = {"video": "yes", "pages": "pages, one video", "little": "no"}
NARROW = {
    "line": "the line itself",
    "others": "others on the line",
    "room": "before the line (WLAN)",
    "unknown": "",
}


def configure(parser: ArgumentParser) -> None:
    doing = parser.add_subparsers(dest="doing", metavar="code|measured", required=True)
    code = doing.add_parser("code", help="the QR code of a room", allow_abbrev=False)
    configure_code(code, "ROOM", "164800/2.14")
    measured = doing.add_parser("measured", help="what was measured there", allow_abbrev=False)
    measured.add_argument("room", metavar="ROOM", help="such as 164800/2.14")
    measured.add_argument("--json", action="store_true", help="the measurements as JSON")
    add_server(measured)


def run(args: Namespace) -> int:
    return run_code(args, "rooms") if args.doing == "code" else _measured(args)


def _measured(args: Namespace) -> int:
    with client_of(args) as client:
        found = client.room_measurements(args.room)
    if args.json:
        print_json(found)
        return DONE
    rows = [_row(one) for one in found["measurements"]]
    if not rows:
        print(f"nothing was measured in {found['room']} yet")
        return DONE
    headings = [
        "when",
        "with",
        "down",
        "up",
        "answer",
        "lost",
        "class with video",
        "line",
        "narrow",
    ]
    print_table(headings, rows)
    return DONE


def _row(one: dict[str, Any]) -> list[str]:
    line = one["line"] or {}
    can = line.get("down_bps")
    return [
        local_time(one["at"]),
        one["device"],
        format_rate(one["down_bps"]),
        format_rate(one["up_bps"]),
        f"{one['latency_ms']:.0f} ms",
        f"{one['lost']}/{one['sent']}",
        ENOUGH[one["enough"]],
        f"{format_rate(can)} ({line['basis']})" if can else "",
        NARROW[one["narrow"]],
    ]
