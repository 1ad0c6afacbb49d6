"""Each mail lands where the rules say, whatever it looks like: a table of all kinds."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest

from schoolops.core import paths
from schoolops.core.clock import FixedClock
from schoolops.core.settings import load_settings
from schoolops.db.engine import Store
from schoolops.tickets.models import ticket
from tests.tickets.mailroom import Case, Mailroom
from tests.tickets.shapes import SHAPES, Shape


@pytest.fixture(scope="module")
def room(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Mailroom]:
    """One help desk for the whole table: each mail has a ticket of its own in it."""
    folder = tmp_path_factory.mktemp("mails")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SCHOOLOPS_HOME", str(folder))
        paths.ensure_home(folder)
        if request.param == "sqlite":
            shutil.copy(request.getfixturevalue("migrated_sqlite"), folder / "schoolops.db")
            url = ""
        else:
            cluster = request.getfixturevalue("postgres_cluster")
            made = cluster.database(request.getfixturevalue("migrated_postgres"))
            url = cluster.url(made.__enter__())
        patch.setenv("SCHOOLOPS_DATABASE__URL", url)
        clock = FixedClock()
        store = Store.open(load_settings(), clock)
        store.settings.home  # noqa: B018  (kept from now on)
        opened = Mailroom(store, clock)
        opened.staff()
        yield opened
        store.close()
        if url:
            made.__exit__(None, None, None)


def test_the_table_has_two_hundred_shapes_at_least_and_none_twice() -> None:
    names = [shape.name for shape in SHAPES]
    assert len(names) >= 200
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("room", "shape"),
    [
        *(pytest.param("sqlite", shape, id=f"sqlite-{shape.name}") for shape in SHAPES),
        # The rules are the same there; the queries are tried by a third of the mails.
        *(
            pytest.param("postgresql", shape, id=f"postgresql-{shape.name}")
            for shape in SHAPES[::3]
        ),
    ],
    indirect=["room"],
)
def test_a_mail_lands_where_the_rules_say(room: Mailroom, shape: Shape) -> None:
    case = Case(room, shape.before)
    assert room.row(case.number).state == shape.before
    tickets, sent = room.count(ticket), len(room.sent())
    booked = room.take(case.fill(shape.raw))
    assert booked.state == shape.state, booked
    if shape.on == "new":
        assert booked.ticket not in (None, case.number)
        assert room.count(ticket) == tickets + 1
    else:
        assert booked.ticket == (case.number if shape.on == "own" else None)
        assert room.count(ticket) == tickets
    on = booked.ticket or case.number
    assert room.row(on).state == (shape.after if shape.on != "none" else shape.before)
    assert len(room.sent()) - sent == shape.acks
    if shape.said is not None:
        assert room.said(on) == shape.said
    if "linked" in shape.more:
        assert room.linked(on) == shape.more["linked"]
    if booked.state == "known":
        return
    kept = room.mails()[-1 - shape.acks]
    assert kept.raw is not None
    assert kept.state == booked.state
