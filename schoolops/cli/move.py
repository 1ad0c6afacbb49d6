"""Put a device into another room, or into another school.

schoolops move device DMPX1234 --room 2.14 --note 'after the repair'
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from schoolops.cli._guard import DONE, UsageError
from schoolops.cli._server import add_server, client_of
from schoolops.cli._table import print_json
from schoolops.cli._words import kind_of


def configure(parser: ArgumentParser) -> None:
    parser.add_argument("kind", metavar="device", help="device, or a kind of device")
    parser.add_argument("id", metavar="ID", help="serial, asset tag or id")
    parser.add_argument("--room", metavar="ROOM",
                        help="2.14 of its school, 164800/2.14, or '' for none")  # fmt: skip
    parser.add_argument("--school", metavar="NUMBER", help="another school")
    parser.add_argument("--note", default="", help="kept in the device's history")
    parser.add_argument("--json", action="store_true", help="print the record")
    add_server(parser)


def run(args: Namespace) -> int:
    kind, _ = kind_of(args.kind)
    if kind.name != "device":
        raise UsageError(f"only devices are moved; change a {kind.label} with 'schoolops edit'")
    if args.room is None and args.school is None:
        raise UsageError("say where to: --room ROOM, or --school NUMBER")
    with client_of(args) as client:
        version = client.get("devices", args.id)["version"]
        record = client.move(args.id, version, args.room or None, args.school, args.note)
    if args.json:
        print_json(record)
    else:
        values = record["values"]
        place = f"in room {values['room']}" if values["room"] else f"at school {values['school']}"
        print(f"device {record['key']} is {place}")
    return DONE
