"""The `store` fixture: an empty, migrated database, once in SQLite and once in PostgreSQL.

A test that takes `store` runs on both. The migrations run once a test process and database; each
test gets a copy, so that a store costs a few milliseconds.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from schoolops.core import paths
from schoolops.core.clock import FixedClock
from tests.peers.postgres import Cluster

if TYPE_CHECKING:  # heavy, and of no use to the tests of agents and screens
    from schoolops.core.settings import Settings
    from schoolops.db.engine import Store


def _migrate() -> None:
    from schoolops import migrations

    migrations.prepare(_settings())


def _settings() -> Settings:
    from schoolops.core.settings import load_settings

    return load_settings()


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with all tables and no rows, to copy."""
    file = tmp_path_factory.mktemp("sqlite") / "template.db"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SCHOOLOPS_HOME", str(file.parent))
        patch.setenv("SCHOOLOPS_DATABASE__URL", f"sqlite:///{file}")
        _migrate()
    assert not Path(f"{file}-wal").exists(), "the template's last connection was not closed"
    return file


@pytest.fixture(scope="session")
def migrated_postgres(
    postgres_cluster: Cluster, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The name of a PostgreSQL database with all tables and no rows, to copy."""
    with postgres_cluster.database() as name:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("SCHOOLOPS_HOME", str(tmp_path_factory.mktemp("postgres")))
            patch.setenv("SCHOOLOPS_DATABASE__URL", postgres_cluster.url(name))
            _migrate()
        yield name


@pytest.fixture(params=["sqlite", "postgresql"])
def settings_of_store(
    request: pytest.FixtureRequest, home: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Settings]:
    """Settings whose database is migrated and empty; the environment says the same.

    So a server that the test starts in a process of its own finds that database too.
    """
    paths.ensure_home(home)
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("migrated_sqlite"), home / "schoolops.db")
        yield _settings()
        return
    template: str = request.getfixturevalue("migrated_postgres")
    cluster: Cluster = request.getfixturevalue("postgres_cluster")
    with cluster.database(template) as name:
        monkeypatch.setenv("SCHOOLOPS_DATABASE__URL", cluster.url(name))
        yield _settings()


@pytest.fixture
def clock() -> FixedClock:
    """The store's clock; it moves when the test says so."""
    return FixedClock()


@pytest.fixture
def store(settings_of_store: Settings, clock: FixedClock) -> Iterator[Store]:
    """An open, empty store on each of the two databases."""
    from schoolops.db.engine import Store

    opened = Store.open(settings_of_store, clock)
    try:
        yield opened
    finally:
        opened.close()
