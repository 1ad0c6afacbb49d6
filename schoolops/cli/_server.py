"""The connection of a command."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING

from schoolops.cli._guard import UsageError

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
        return connect(server=args.server)
    except ValueError as error:
        raise UsageError(str(error)) from None
