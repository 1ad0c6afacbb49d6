"""The database's version: 'status' tells it, 'current' prints it alone, 'upgrade' raises it to this
schoolops.

SQLite upgrades itself when the server starts; PostgreSQL waits for 'upgrade'. A backup is made
before. Speaks to the database itself, not to a server.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING, Any

from schoolops.cli._guard import DONE, REFUSED, say
from schoolops.cli._table import print_json

if TYPE_CHECKING:
    from schoolops.core.settings import Settings

INTERMIXED = False


def configure(parser: ArgumentParser) -> None:
    doing = parser.add_subparsers(dest="doing", metavar="status|current|upgrade", required=True)
    status = doing.add_parser("status", help="its version, and what is missing")
    status.add_argument("--json", action="store_true",
                        help='{"current", "head", "up_to_date", "newer"}')  # fmt: skip
    doing.add_parser("current", help="the revision alone")
    doing.add_parser("upgrade", help="upgrade it, after a backup")


def run(args: Namespace) -> int:
    from schoolops.core.settings import load_settings

    settings = load_settings()
    if args.doing == "upgrade":
        return _upgrade(settings)
    found = status_of(settings)
    if args.doing == "current":
        print(found["current"] or "empty")
    elif args.json:
        print_json(found)
    else:
        print(f"revision {found['current'] or 'none'}, this schoolops has {found['head']}")
    if found["newer"]:
        say("the database was made by a newer schoolops; install that version")
        return REFUSED
    if not found["up_to_date"] and args.doing == "status":
        say("upgrade it with: schoolops db upgrade")
    return DONE


def status_of(settings: Settings) -> dict[str, Any]:
    """`{"current", "head", "up_to_date", "newer"}`, without making a database."""
    from sqlalchemy import make_url

    from schoolops import migrations
    from schoolops.db.engine import Store

    url = make_url(settings.database_url)
    if url.get_backend_name() == "sqlite":
        from pathlib import Path

        if not Path(url.database or "").exists():
            return {"current": None, "head": migrations.HEAD, "up_to_date": False, "newer": False}
    store = Store.open(settings)
    try:
        return migrations.status(store)
    finally:
        store.close()


def _upgrade(settings: Settings) -> int:
    from schoolops import migrations
    from schoolops.db.lock import own_store

    with own_store(settings, "schoolops db upgrade"):
        before = status_of(settings)["current"]
        after = migrations.upgrade(settings)["current"]
    if before == after:
        print(f"the database is at revision {after} already")
    else:
        print(f"upgraded the database from {before or 'nothing'} to {after}")
    return DONE
