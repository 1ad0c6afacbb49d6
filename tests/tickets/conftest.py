"""A school with rooms, access points, a line; and who reports and works there."""

from __future__ import annotations

import pytest

from schoolops.core.clock import FixedClock
from schoolops.core.permissions import Actor
from schoolops.db.engine import Store
from tests.alerts.town import Town
from tests.tickets.mailroom import Mailroom

TEACHER = Actor.of("l.lehrer", "teacher", schools=["164800"])
COLLEAGUE = Actor.of("k.kollege", "teacher", schools=["164800"])
HEAD = Actor.of("s.leitung", "head", schools=["164800"])
ELSEWHERE = Actor.of("e.fremd", "teacher", schools=["164811"])
TECHNICIAN = Actor.of("t.technik", "technician")
PROVIDER = Actor.of("p.dienst", "service-provider")


@pytest.fixture
def town(store: Store, clock: FixedClock) -> Town:
    return Town(store, clock)


@pytest.fixture
def mailroom(store: Store, clock: FixedClock) -> Mailroom:
    """A help desk that takes mail, of a city without schools."""
    return Mailroom(store, clock)
