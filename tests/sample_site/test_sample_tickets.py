"""The sample city's tickets: of every state, with threads, the same in each run."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from sqlalchemy import select

from sample_site import load
from sample_site.city import build_city
from schoolops.db.engine import Store
from schoolops.tickets.models import ticket, ticket_entry


def rows(store: Store, table: Any, *columns: str) -> list[tuple[Any, ...]]:
    with store.read() as connection:
        statement = select(*(table.c[name] for name in columns)).order_by(table.c.id)
        return [tuple(row) for row in connection.execute(statement)]


def test_a_city_has_tickets_of_every_state_that_were_reported_before_now(store: Store) -> None:
    load.fill(store, build_city(1, 0.1, 21))
    states = Counter(state for (state,) in rows(store, ticket, "state"))
    assert set(states) == {"new", "open", "waiting", "solved", "closed"}
    assert sum(states.values()) == 60
    assert [joined for (joined,) in rows(store, ticket, "joined_to")][-2:] == [58, 58]
    now = store.clock.now()
    at = [moment for (moment,) in rows(store, ticket_entry, "at")]
    assert max(at) <= now
    assert len(at) > 150
    assert {side for (side,) in rows(store, ticket_entry, "side")} == {"reporter", "staff"}


@pytest.mark.parametrize("schools", [1, 3])
def test_a_small_city_has_few(store: Store, schools: int) -> None:
    load.fill(store, build_city(1, 0.1, schools))
    assert 0 < len(rows(store, ticket, "id")) <= 3 * schools
