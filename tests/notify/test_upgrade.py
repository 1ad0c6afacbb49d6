"""From the version without mail: what had ended is told to nobody, and roles find room."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import text

from schoolops import migrations
from schoolops.core import paths
from schoolops.core.settings import load_settings
from schoolops.db.engine import Store
from tests.peers.postgres import Cluster

BEFORE = "0006"
GRANT = text(
    "INSERT INTO access_grant (uid, source, receiver, giver, permissions, class_name, opens,"
    " reason, from_at, until_at, revoked_at) VALUES (:uid, 'emergency', 'tess', 'ada',"
    " 'estate.read', '', '[]', 'x', 0, :until, :revoked)"
)
POLICIES = (
    "CREATE POLICY in_scope ON account_role FOR SELECT USING (place = 'x')",
    "CREATE POLICY may_update ON account FOR UPDATE USING (EXISTS (SELECT FROM account_role r"
    " WHERE r.account_id = account.id AND r.place = 'x'))",
)
"""Such ones ask for the column that changes."""
FAR = 4_000_000_000_000_000


@pytest.fixture(params=["sqlite", "postgresql"])
def old(
    request: pytest.FixtureRequest, home: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Store]:
    """A database as the version before made it, with its policies and three rights."""
    paths.ensure_home(home)
    with ExitStack() as stack:
        if request.param == "postgresql":
            cluster: Cluster = request.getfixturevalue("postgres_cluster")
            name = stack.enter_context(cluster.database())
            monkeypatch.setenv("SCHOOLOPS_DATABASE__URL", cluster.url(name))
        store = Store.open(load_settings())
        stack.callback(store.close)
        _make_old(store)
        yield store


def _make_old(store: Store) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    config.set_main_option("path_separator", "os")
    with store.writer.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, BEFORE)
    with store.writer.begin() as connection:
        if store.is_postgresql:
            for policy in POLICIES:
                connection.execute(text(policy))
        for uid, until, revoked in (("over", 1, None), ("ended", FAR, 1), ("holds", FAR, None)):
            connection.execute(GRANT, {"uid": uid, "until": until, "revoked": revoked})


def test_only_what_ends_from_now_on_is_told(old: Store) -> None:
    migrations.upgrade(old.settings)
    with old.read() as connection:
        rows = connection.execute(text("SELECT uid, end_told_at FROM access_grant")).all()
    assert {row.uid for row in rows if row.end_told_at is None} == {"holds"}


def test_a_role_at_an_authority_has_room_and_the_policy_is_there_again(old: Store) -> None:
    migrations.upgrade(old.settings)
    with old.writer.begin() as connection:
        connection.execute(
            text("INSERT INTO account_role (account_id, role, place) VALUES (1, 'x', :place)"),
            {"place": "authority 10042"},
        )
        if old.is_postgresql:
            found = connection.scalar(
                text("SELECT count(*) FROM pg_policies WHERE tablename = 'account_role'")
            )
            assert found == 1
