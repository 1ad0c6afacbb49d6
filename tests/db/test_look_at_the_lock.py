"""Whether the second lock is in force: what `schoolops doctor` says, and what a start mends."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest
from sqlalchemy import text

from schoolops import migrations
from schoolops.cli._checks import check_row_security
from schoolops.core.settings import Settings, load_settings
from schoolops.db.engine import Store
from schoolops.db.row_policies import LIMITED
from tests.peers.postgres import Cluster


@pytest.fixture
def own_role(postgres_cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    """An empty database of a role that is no superuser, as an administrator would make it."""
    postgres_cluster.execute(f"CREATE ROLE city LOGIN PASSWORD '{postgres_cluster.password}'")
    with postgres_cluster.database() as name:
        postgres_cluster.execute(f"ALTER DATABASE {name} OWNER TO city")
        address = postgres_cluster.url(name).replace("//schoolops:", "//city:")
        monkeypatch.setenv("SCHOOLOPS_DATABASE__URL", address)
        yield load_settings()
    postgres_cluster.execute("DROP ROLE city")


@pytest.fixture
def shared_role(postgres_cluster: Cluster, migrated_postgres: str) -> None:
    """The limited role, made by the superuser of this cluster: roles belong to all databases."""


def run(settings: Settings, statement: str) -> None:
    store = Store.open(settings)
    with store.writer.begin() as connection:
        connection.execute(text(statement))
    store.close()


def test_sqlite_has_no_second_lock_and_says_so(settings_of_store: Settings) -> None:
    if "sqlite" in settings_of_store.database_url:
        state, told = check_row_security(settings_of_store)
        assert (state, "SQLite has none" in told) == ("ok", True)


def test_a_server_that_works_as_superuser_is_told_so(settings_of_store: Settings) -> None:
    if "postgresql" in settings_of_store.database_url:
        state, told = check_row_security(settings_of_store)
        assert state == "warn"
        assert told.startswith("in force, ")
        assert "the server's own role schoolops is superuser" in told


def test_an_own_role_that_may_not_make_the_other_is_told_what_to_run(
    own_role: Settings, shared_role: None, postgres_cluster: Cluster
) -> None:
    assert check_row_security(own_role) == ("ok", "is made with the tables")
    migrations.prepare(own_role)
    state, told = check_row_security(own_role)
    assert state == "fail"
    assert f'GRANT {LIMITED} TO "city"' in told
    postgres_cluster.execute(f"GRANT {LIMITED} TO city")
    state, told = check_row_security(own_role)
    assert (state, "policies are missing on" in told) == ("fail", True)
    migrations.prepare(own_role)  # as the next start of the server does
    state, told = check_row_security(own_role)
    assert state == "ok", told
    assert told.startswith("in force, ")


def test_a_policy_that_went_or_is_older_is_seen_and_mended(settings_of_store: Settings) -> None:
    if "sqlite" in settings_of_store.database_url:
        return
    for broken, words in (
        ("DROP POLICY may_update ON devices", "policies are missing on devices"),
        ("ALTER TABLE contacts DISABLE ROW LEVEL SECURITY", "policies are missing on contacts"),
        ("COMMENT ON POLICY in_scope ON schools IS 'older'", "of another version"),
    ):
        run(settings_of_store, broken)
        state, told = check_row_security(settings_of_store)
        assert state == "fail"
        assert words in told
        migrations.prepare(settings_of_store)
        assert check_row_security(settings_of_store)[1].startswith("in force")


def test_a_server_without_the_lock_starts_and_warns(
    own_role: Settings, shared_role: None, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        migrations.prepare(own_role)
        migrations.prepare(own_role)
    assert caplog.text.count("row-level security is off") == 2
    store = Store.open(own_role)
    assert not store.has_row_security
    store.close()
