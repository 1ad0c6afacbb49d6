"""Fill the inventory with the sample city: schools, rooms, devices, uplinks, contacts, services."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from schoolops.cli._server import add_server
from schoolops.cli._words import positive
from schoolops.cli.demo import scale

INTERMIXED = False


def configure(parser: ArgumentParser) -> None:
    doing = parser.add_subparsers(dest="doing", metavar="load", required=True)
    load = doing.add_parser("load", help="load it", description=__doc__, allow_abbrev=False)
    load.add_argument("--scale", metavar="F", type=scale, default=1.0,
                      help="how much equipment (1.0: about 46,000 devices)")  # fmt: skip
    load.add_argument("--schools", metavar="N", type=positive, help="only the first N schools")
    load.add_argument("--seed", metavar="N", type=int, help="another city by chance")
    load.add_argument("--into-existing", action="store_true", help="beside records that are there")
    load.add_argument("--json", action="store_true", help="what was loaded, as JSON")
    add_server(load)


def run(args: Namespace) -> int:
    from importlib import import_module

    code: int = import_module("sample_site.load").run(args)
    return code
