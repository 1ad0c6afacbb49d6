"""The connection of a command."""

from __future__ import annotations

import os
from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING

from schoolops.cli._guard import UsageError, say

if TYPE_CHECKING:
    from schoolops.client import Client


def add_server(parser: ArgumentParser) -> None:
    """The option that names another computer's server."""
    parser.add_argument(
        "--server",
        metavar="URL",
        help="another computer's server (SCHOOLOPS_SERVER; its token comes from SCHOOLOPS_TOKEN "
        "or 'schoolops token keep')",
    )


def client_of(args: Namespace) -> Client:
    """The client to use in a `with`; starts this computer's server if it is meant."""
    from schoolops.client import connect

    try:
        client = connect(server=args.server)
    except ValueError as error:
        raise UsageError(str(error)) from None
    if not args.server and not os.environ.get("SCHOOLOPS_SERVER"):
        _remark_unserved()
    return client


def _remark_unserved() -> None:
    """Say that what answers is no substitute for the server that agents look for."""
    from schoolops.core import paths

    if address := paths.unserved(paths.home()):
        say(
            f"the server at {address} is not running; what answers here is only yours, and agents "
            "wait: start it again (schoolops serve)"
        )
