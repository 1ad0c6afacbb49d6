"""The second lock: PostgreSQL itself shows a limited actor no row of other schools."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import ProgrammingError

from inventory.kinds import KINDS
from schoolops.core.permissions import SYSTEM, Actor
from schoolops.db.engine import Store
from schoolops.estate.models import TABLES
from schoolops.estate.service import Inventory
from schoolops.identity.service import create_token

OWN, OTHER = "164800", "164801"
SECRETARY = Actor.of("s.lang", "secretary", schools=[OWN])
AUTHORITY = Actor.of("amt", "viewer", authority="10042")
PROVIDER = Actor.of("netz-gmbh", "service-provider")
NOBODY = Actor("nobody")


@pytest.fixture
def city(store: Store) -> Store:
    """Two schools of two authorities, each with a room and a contact."""
    if not store.is_postgresql:
        pytest.skip("SQLite has no row-level security")
    with store.write(SYSTEM) as unit:
        inventory = Inventory(unit)
        for number, authority in ((OWN, "10042"), (OTHER, "10099")):
            school = {"number": number, "name": f"Schule {number}", "authority": authority}
            inventory.create(KINDS["school"], school)
            inventory.create(KINDS["room"], {"school": number, "name": "2.14"})
            contact = {"school": number, "role": "head", "name": "B. Meier"}
            inventory.create(KINDS["contact"], contact)
        create_token(unit, "m.weber", "viewer")
    return store


def rows(store: Store, actor: Actor, table: str) -> int:
    """What a query that forgot to ask who reads would show."""
    with store.read(actor) as connection:
        return connection.scalar(select(func.count()).select_from(TABLES[table])) or 0


def test_a_query_without_a_scope_shows_own_schools_alone(city: Store) -> None:
    for actor in (SECRETARY, AUTHORITY):
        assert [rows(city, actor, name) for name in ("school", "room", "contact")] == [1, 1, 1]
    with city.read(SECRETARY) as connection:
        assert connection.scalars(select(TABLES["school"].c.number)).all() == [OWN]


def test_the_service_provider_is_shown_no_contact(city: Store) -> None:
    assert rows(city, PROVIDER, "room") == 2
    assert rows(city, PROVIDER, "contact") == 0


def test_somebody_without_rights_is_shown_nothing(city: Store) -> None:
    assert [rows(city, NOBODY, name) for name in ("school", "room", "contact")] == [0, 0, 0]


def test_an_actor_without_limit_and_the_server_see_all(city: Store) -> None:
    admin = Actor.of("m.weber", "authority-admin")
    assert rows(city, admin, "contact") == rows(city, SYSTEM, "contact") == 2


def test_tokens_are_not_read_by_a_limited_actor(city: Store) -> None:
    with city.read(SECRETARY) as connection, pytest.raises(ProgrammingError, match="permission"):
        connection.execute(text("SELECT * FROM token"))


def test_the_limit_ends_with_the_transaction(city: Store) -> None:
    """The pool gives the same connection to the next reader."""
    for _ in range(20):
        assert rows(city, SECRETARY, "room") == 1
        assert rows(city, SYSTEM, "room") == 2


def test_every_table_of_a_school_has_its_policy(city: Store) -> None:
    with city.read() as connection:
        bare = connection.scalars(text(
            "SELECT c.table_name FROM information_schema.columns c"
            " JOIN pg_tables t ON t.tablename = c.table_name AND t.schemaname = 'public'"
            " WHERE c.column_name = 'school_id' AND NOT EXISTS (SELECT FROM pg_policies p"
            " WHERE p.tablename = c.table_name AND p.policyname = 'in_scope')"
        )).all()  # fmt: skip
    assert bare == []
