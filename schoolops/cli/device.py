"""The QR code of a device: it leads to the page where a fault of that device is reported.

    schoolops device code FCW2231
    schoolops device code FCW2231 --svg board.svg
    schoolops device code FCW2231 --renew
    schoolops device code FCW2231 --revoke

Nobody needs an account for the page. The code of a device that was retired leads to a page that
says so, and takes reports for its room. A code that is renewed or revoked leads nowhere any more.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from schoolops.cli._code import configure_code, run_code

INTERMIXED = False


def configure(parser: ArgumentParser) -> None:
    doing = parser.add_subparsers(dest="doing", metavar="code", required=True)
    code = doing.add_parser("code", help="the QR code of a device", allow_abbrev=False)
    configure_code(code, "DEVICE", "its serial number")


def run(args: Namespace) -> int:
    return run_code(args, "devices")
