"""Make a backup while everything runs, proven good by restoring it on trial; or list them.

    schoolops backup
    schoolops backup --to /mnt/usb
    schoolops backup --to /mnt/usb --whole
    schoolops backup list

Measurements are not in it: those of past days lie in files of their own, in the folder measurements
beside the backups, which a running server keeps by itself. --whole takes all of them in.

The key of the equipment credentials is not in it: keep keys/secrets.key apart.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Any

from schoolops.cli._guard import DONE, UsageError
from schoolops.cli._server import add_server, client_of
from schoolops.cli._table import local_time, print_json, print_table


def configure(parser: ArgumentParser) -> None:
    parser.add_argument("doing", metavar="list", nargs="?", choices=["list"], help="list them")
    parser.add_argument("--to", metavar="FILE", help="file or folder on this computer, instead of "
                        "the folder of the settings")  # fmt: skip
    parser.add_argument("--whole", action="store_true",
                        help="with --to: all measurements too")  # fmt: skip
    parser.add_argument("--json", action="store_true",
                        help='{"path", "bytes", "sha256", "verified"}')  # fmt: skip
    add_server(parser)


def run(args: Namespace) -> int:
    if args.doing == "list":
        return _list(args)
    if args.whole and args.to is None:
        raise UsageError("--whole wants --to: say where so much may go")
    if args.to is not None:
        if args.server:
            raise UsageError("--to writes on this computer; the server knows its own folder")
        made = _make_here(Path(args.to).absolute(), whole=args.whole)
    else:
        with client_of(args) as client:
            made = client.backup()
    if args.json:
        print_json(made)
    else:
        proof = "restored on trial and equal"
        if not made["verified"]:
            proof = "not tried: the database's user may not create any (ALTER ROLE … CREATEDB)"
        print(f"{made['path']}: {made['bytes']:,} bytes, {proof}")
        print(f"sha256 {made['sha256']}")
    return DONE


def _list(args: Namespace) -> int:
    if args.to is not None:
        raise UsageError("'backup list' lists the backups of the server; --to makes one")
    with client_of(args) as client:
        found = client.backups()
    if args.json:
        print_json(found)
    else:
        rows = [[local_time(one["created"]), f"{one['bytes']:,}", one["path"]] for one in found]
        print_table(["CREATED", "BYTES", "FILE"], rows)
    return DONE


def _make_here(to: Path, *, whole: bool) -> dict[str, Any]:
    """Beside a running server, which is not disturbed; noted in the audit like any other."""
    import getpass

    from schoolops.cli.db import status_of
    from schoolops.core.permissions import Actor
    from schoolops.core.settings import load_settings
    from schoolops.db import backup
    from schoolops.db.engine import Store

    if not to.parent.is_dir():
        raise UsageError(f"there is no folder {to.parent}")
    if not to.is_dir() and not to.suffix:
        # A disk that is not mounted must not become a file of its name.
        raise UsageError(f"there is no folder {to}; name a file with {backup.SUFFIX} at its end")
    settings = load_settings()
    if status_of(settings)["current"] is None:
        raise UsageError(f"there is nothing to back up in {settings.home} yet")
    store = Store.open(settings)
    try:
        made = backup.create(store, to, whole=whole)
        with store.write(Actor.of(getpass.getuser(), "authority-admin")) as unit:
            unit.audit("backup", detail={"file": made["path"], "sha256": made["sha256"]})
        return made
    finally:
        store.close()
