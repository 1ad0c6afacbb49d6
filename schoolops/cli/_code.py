"""The QR code of a room, a device, or a school's board: shown, drawn, renewed, revoked."""

from __future__ import annotations

import io
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from schoolops.cli._files import need_new, write_file
from schoolops.cli._guard import DONE, Refused, UsageError
from schoolops.cli._server import add_server, client_of
from schoolops.cli._table import print_json

if TYPE_CHECKING:
    from segno import QRCode


def configure_code(parser: ArgumentParser, name: str, example: str) -> None:
    """Arguments of a code. `name`: as in 'ROOM'; the record lies in `args.record`."""
    parser.add_argument("record", metavar=name, help=f"such as {example}")
    parser.add_argument("--renew", action="store_true", help="a new code; the old one ends")
    parser.add_argument("--revoke", action="store_true", help="no code any more")
    parser.add_argument("--svg", metavar="FILE", type=Path, help="write it as an SVG file")
    parser.add_argument("--png", metavar="FILE", type=Path, help="write it as a PNG file")
    parser.add_argument("--force", action="store_true", help="write over a file that is there")
    parser.add_argument("--json", action="store_true", help="the code as JSON")
    add_server(parser)


def run_code(args: Namespace, plural: str) -> int:
    """Make the code and draw it, or take it out of use."""
    files = [file for file in (args.svg, args.png) if file]
    if args.revoke and (args.renew or files):
        raise UsageError("--revoke leaves no code to renew or to draw")
    for file in files:
        need_new(file, force=args.force)
    with client_of(args) as client:
        if args.revoke:
            client.revoke_place_code(plural, args.record)
            print(f"{args.record} has no code any more")
            return DONE
        made = client.place_code(plural, args.record, renew=args.renew)
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
