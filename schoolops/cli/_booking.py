"""What a command does outside of the database, booked in the audit of this computer's server."""

from __future__ import annotations

import getpass
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from schoolops.cli._guard import Refused

if TYPE_CHECKING:
    from schoolops.core.settings import Settings


@contextmanager
def booked(settings: Settings, action: str) -> Iterator[dict[str, Any]]:
    """One event for what is done in the block, with the detail that the block fills in.

    Also for what breaks off in the middle, since half of it is done. Where no event can be
    written, nothing is begun: raises `Refused`.
    """
    from schoolops.cli.db import status_of
    from schoolops.core.permissions import Actor
    from schoolops.db.engine import Store

    if not status_of(settings)["up_to_date"]:
        raise Refused(
            f"there is no database of this version in {settings.home} to book it in; start the "
            "server once, or run: schoolops db upgrade"
        )
    store = Store.open(settings)
    detail: dict[str, Any] = {}
    try:
        try:
            yield detail
        except BaseException:
            detail["broken_off"] = True
            raise
        finally:
            with store.write(Actor.of(getpass.getuser(), "authority-admin")) as unit:
                unit.audit(action, detail=detail)
    finally:
        store.close()
