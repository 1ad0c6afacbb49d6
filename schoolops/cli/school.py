"""The board of a school's staff room: a page in large type that says what is broken now.

    schoolops school code 164800
    schoolops school code 164800 --renew
    schoolops school code 164800 --revoke

Whoever has the address reads the board, without an account; it names no person, and nothing that a
reporter wrote. An address that is renewed or revoked leads nowhere any more.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from schoolops.cli._code import configure_code, run_code

INTERMIXED = False


def configure(parser: ArgumentParser) -> None:
    doing = parser.add_subparsers(dest="doing", metavar="code", required=True)
    code = doing.add_parser("code", help="the address of a school's board", allow_abbrev=False)
    configure_code(code, "SCHOOL", "164800")


def run(args: Namespace) -> int:
    return run_code(args, "schools")
