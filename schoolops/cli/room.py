"""The QR code of a room, and what was measured in it from a browser.

    schoolops room code 164800/2.14
    schoolops room code 164800/2.14 --svg 2.14.svg
    schoolops room code 164800/2.14 --renew
    schoolops room code 164800/2.14 --revoke
    schoolops room measured 164800/2.14

The code leads to a page that measures the internet in the room; nobody needs an account for it. A
code that is renewed or revoked leads nowhere any more.
"""

from __future__ import annotations

import io
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from inventory.fields import format_rate
from schoolops.cli._files import need_new, write_file
from schoolops.cli._guard import DONE, Refused, UsageError
from schoolops.cli._server import add_server, client_of
from schoolops.cli._table import local_time, print_json, print_table

if TYPE_CHECKING:
    from segno import QRCode

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
    code.add_argument("room", metavar="ROOM", help="such as 164800/2.14")
    code.add_argument("--renew", action="store_true", help="a new code; the old one ends")
    code.add_argument("--revoke", action="store_true", help="no code any more")
    code.add_argument("--svg", metavar="FILE", type=Path, help="write it as an SVG file")
    code.add_argument("--png", metavar="FILE", type=Path, help="write it as a PNG file")
    code.add_argument("--force", action="store_true", help="write over a file that is there")
    code.add_argument("--json", action="store_true", help="the code as JSON")
    add_server(code)
    measured = doing.add_parser("measured", help="what was measured there", allow_abbrev=False)
    measured.add_argument("room", metavar="ROOM", help="such as 164800/2.14")
    measured.add_argument("--json", action="store_true", help="the measurements as JSON")
    add_server(measured)


def run(args: Namespace) -> int:
    return {"code": _code, "measured": _measured}[args.doing](args)


def _code(args: Namespace) -> int:
    files = [file for file in (args.svg, args.png) if file]
    if args.revoke and (args.renew or files):
        raise UsageError("--revoke leaves no code to renew or to draw")
    for file in files:
        need_new(file, force=args.force)
    with client_of(args) as client:
        if args.revoke:
            client.revoke_room_code(args.room)
            print(f"{args.room} has no code any more")
            return DONE
        made = client.room_code(args.room, renew=args.renew)
    if args.json:
        print_json(made)
    if args.json and not files:
        return DONE
    if not made["url"]:
        raise Refused(
            f"the code is {made['code']}, but a QR code needs the server's address: set "
            "server.public_url (docs/operations.md)"
        )
    drawn = _drawn(made["url"])
    for file, kind in ((args.svg, "svg"), (args.png, "png")):
        if file:
            image = io.BytesIO()
            drawn.save(image, kind=kind, scale=12, border=4, light="white")
            write_file(file, image.getvalue())
    if not args.json:
        if not files:
            drawn.terminal(compact=True)
        print(made["url"])
    return DONE


def _drawn(url: str) -> QRCode:
    import segno

    # A quarter may be scratched or covered.
    return segno.make(url, error="q", micro=False)


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
