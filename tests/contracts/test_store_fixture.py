"""What the `store` fixture promises to the tests that take it."""

from __future__ import annotations

from sqlalchemy import text

from schoolops import migrations
from schoolops.core.clock import FixedClock
from schoolops.core.settings import load_settings
from schoolops.db.engine import Store


def test_a_store_is_migrated_and_empty_and_has_the_tests_clock(
    store: Store, clock: FixedClock
) -> None:
    assert migrations.status(store)["up_to_date"]
    with store.read() as connection:
        assert connection.scalar(text("SELECT count(*) FROM audit_event")) == 0
    clock.advance(5)
    assert store.clock.now() == clock.now()
    with store.write() as unit:
        unit.audit("test")


def test_the_environment_leads_other_processes_to_the_same_store(store: Store) -> None:
    assert load_settings().database_url == store.settings.database_url
