"""Devices that agents found at schools and nobody has recorded: list, adopt or ignore them.

schoolops discovered list school:164800
schoolops discovered adopt 10.16.48.9 kind=switch serial=FOC2134X name=sw-2-14
schoolops discovered ignore 10.16.48.77
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from inventory.kinds import DEVICE
from schoolops.cli import ls
from schoolops.cli._guard import DONE
from schoolops.cli._lookup import find_id
from schoolops.cli._server import add_server, client_of
from schoolops.cli._table import print_json
from schoolops.cli._words import full_references, values_of

INTERMIXED = False

NAMED_BY = ("address", "mac", "name")


def configure(parser: ArgumentParser) -> None:
    doing = parser.add_subparsers(dest="doing", metavar="list|adopt|ignore", required=True)
    listed = doing.add_parser("list", help="what was found", allow_abbrev=False)
    listed.set_defaults(kind="discovered")
    ls.add_filter(listed)
    adopt = doing.add_parser("adopt", help="make it one of our devices", allow_abbrev=False)
    adopt.add_argument("id", metavar="ID", help="address, MAC address, name or id")
    adopt.add_argument(
        "values",
        metavar="FIELD=VALUE",
        nargs="*",
        help="what to add or correct, such as serial=FOC2134X",
    )
    adopt.add_argument("--json", action="store_true", help="print the new device")
    add_server(adopt)
    ignore = doing.add_parser("ignore", help="do not offer it again", allow_abbrev=False)
    ignore.add_argument("id", metavar="ID", help="address, MAC address, name or id")
    add_server(ignore)


def run(args: Namespace) -> int:
    if args.doing == "list":
        return ls.run(args)
    values = values_of(DEVICE, args.values) if args.doing == "adopt" else {}
    with client_of(args) as client:
        id = find_id(client, "discovered", args.id, NAMED_BY)
        if args.doing == "ignore":
            client.ignore(id)
            print(f"{args.id} is not offered again")
            return DONE
        found = client.get("discovered", id)["values"]
        full_references(DEVICE, values, values.get("school") or found.get("school"))
        device = client.adopt(id, dict(values))
    if args.json:
        print_json(device)
    else:
        print(f"created device {device['key']}")
    return DONE
