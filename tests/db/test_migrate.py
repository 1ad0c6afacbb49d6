"""The database's shape: what the migrations make is what the code says, and how it is upgraded."""

from __future__ import annotations

import shutil
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from inventory.kinds import KINDS
from schoolops import migrations
from schoolops.core.errors import Unusable
from schoolops.core.permissions import SYSTEM, Actor
from schoolops.core.settings import Settings, load_settings
from schoolops.db import backup
from schoolops.db.engine import Store
from schoolops.estate.loading import Loader
from schoolops.estate.models import TABLES, column_name
from schoolops.estate.repository import Estate
from schoolops.estate.values import make_search_text
from schoolops.migrations.metadata import is_described, metadata


def _script() -> ScriptDirectory:
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    config.set_main_option("path_separator", "os")
    return ScriptDirectory.from_config(config)


def test_what_the_migrations_make_is_what_the_code_describes(store: Store) -> None:
    with store.read() as connection:
        # SQLite reads an empty default back in a form that Alembic takes for another one.
        options = {
            "compare_type": True,
            "compare_server_default": store.is_postgresql,
            "include_name": is_described,
        }
        context = MigrationContext.configure(connection, opts=options)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert compare_metadata(context, metadata) == []


def test_the_history_is_one_line_and_names_all_files() -> None:
    script = _script()
    revisions = [revision.revision for revision in script.walk_revisions()]
    assert tuple(reversed(revisions)) == migrations.HISTORY
    assert script.get_heads() == [migrations.HEAD]


# --- a version that does not exist yet --------------------------------------------------------

HEAD, HISTORY = migrations.HEAD, migrations.HISTORY
NEXT_REVISION = f"{int(HEAD) + 1:04d}"
NEXT = '''
"""Add a column to a table that others refer to."""

import sqlalchemy as sa
from alembic import op

revision, down_revision, branch_labels, depends_on = "{next}", "{head}", None, None


def upgrade():
    # SQLite makes the table anew, as it must for most changes.
    anew = "always" if op.get_bind().dialect.name == "sqlite" else "never"
    with op.batch_alter_table("schools", recreate=anew) as batch:
        batch.add_column(sa.Column("motto", sa.Text(), nullable=False, server_default="none"))
    {more}
'''


@pytest.fixture
def next_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Become a schoolops with one more revision; `more` is a line of its upgrade."""

    def install(more: str = "pass") -> None:
        folder = tmp_path / "migrations"
        shutil.copytree(Path(migrations.__file__).parent, folder)
        code = NEXT.format(more=more, head=HEAD, next=NEXT_REVISION)
        (folder / "versions" / f"{NEXT_REVISION}_add_motto.py").write_text(code)
        monkeypatch.setattr(migrations, "__file__", str(folder / "__init__.py"))
        monkeypatch.setattr(migrations, "HEAD", NEXT_REVISION)
        monkeypatch.setattr(migrations, "HISTORY", (*HISTORY, NEXT_REVISION))

    return install


@contextmanager
def opened(settings: Settings) -> Iterator[Store]:
    store = Store.open(settings)
    try:
        yield store
    finally:
        store.close()


def fill(settings: Settings) -> None:
    """A school and a room that refers to it."""
    with opened(settings) as store, store.write() as unit:
        Loader(unit).load(KINDS["school"], [{"number": "164800", "name": "Größe"}])
        Loader(unit).load(KINDS["room"], [{"school": "164800", "name": "1", "kind": "other"}])


def room_and_motto(settings: Settings) -> tuple[Any, ...]:
    query = "SELECT rooms.name, schools.motto FROM rooms JOIN schools ON school_id = schools.id"
    with opened(settings) as store, store.read() as connection:
        return tuple(connection.execute(text(query)).one())


def revision(settings: Settings) -> str | None:
    with opened(settings) as store, store.read() as connection:
        return migrations.current(connection)


def backups(settings: Settings) -> list[Path]:
    return [Path(one["path"]) for one in backup.list_backups(settings)]


@pytest.mark.parametrize("settings_of_store", ["sqlite"], indirect=True)
def test_sqlite_upgrades_itself_after_a_copy_of_itself(
    settings_of_store: Settings, next_version: Callable[..., None]
) -> None:
    fill(settings_of_store)
    next_version()
    migrations.prepare(settings_of_store)
    assert revision(settings_of_store) == NEXT_REVISION
    assert room_and_motto(settings_of_store) == ("1", "none")
    (copy,) = backups(settings_of_store)
    assert "migration" in copy.name
    manifest = backup.check(copy, migrations.HISTORY)
    assert manifest["revision"] == HEAD
    assert manifest["fingerprint"]["schools"][0] == 1
    migrations.prepare(settings_of_store)  # the next start has nothing to do
    assert backups(settings_of_store) == [copy]


@pytest.mark.parametrize("settings_of_store", ["postgresql"], indirect=True)
def test_postgresql_waits_to_be_told_and_keeps_a_copy(
    settings_of_store: Settings, next_version: Callable[..., None]
) -> None:
    fill(settings_of_store)
    next_version()
    with pytest.raises(Unusable, match="run: schoolops db upgrade") as caught:
        migrations.prepare(settings_of_store)
    assert caught.value.code == "setup.upgrade"
    assert revision(settings_of_store) == HEAD
    assert migrations.upgrade(settings_of_store)["up_to_date"]
    assert room_and_motto(settings_of_store) == ("1", "none")
    assert len(backups(settings_of_store)) == 1
    migrations.prepare(settings_of_store)


def test_the_copy_restores_what_was_and_is_upgraded_again(
    settings_of_store: Settings, next_version: Callable[..., None]
) -> None:
    fill(settings_of_store)
    next_version()
    migrations.upgrade(settings_of_store)
    backup.restore(settings_of_store, backups(settings_of_store)[0], migrations.HISTORY)
    assert revision(settings_of_store) == HEAD
    migrations.upgrade(settings_of_store)
    assert room_and_motto(settings_of_store) == ("1", "none")


@pytest.mark.parametrize(
    "more",
    ["raise ZeroDivisionError", "op.execute('INSERT INTO nowhere VALUES (1)')"],
)
def test_an_upgrade_that_fails_changes_nothing(
    settings_of_store: Settings, next_version: Callable[..., None], more: str
) -> None:
    fill(settings_of_store)
    with opened(settings_of_store) as store, store.read() as connection:
        before = backup.fingerprint(connection)
    next_version(more)
    with pytest.raises((ZeroDivisionError, DBAPIError)):
        migrations.upgrade(settings_of_store)
    with opened(settings_of_store) as store, store.read() as connection:
        assert backup.fingerprint(connection) == before


def test_an_upgrade_that_breaks_references_changes_nothing(
    settings_of_store: Settings, next_version: Callable[..., None]
) -> None:
    fill(settings_of_store)
    next_version("op.execute('DELETE FROM schools')")
    with pytest.raises((Unusable, IntegrityError)):
        migrations.upgrade(settings_of_store)
    assert revision(settings_of_store) == HEAD


def test_a_database_of_a_newer_version_is_refused(
    settings_of_store: Settings, next_version: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(settings_of_store)
    next_version()
    migrations.upgrade(settings_of_store)
    monkeypatch.setattr(migrations, "HEAD", HEAD)
    monkeypatch.setattr(migrations, "HISTORY", HISTORY)
    for call in (migrations.prepare, migrations.upgrade):
        with pytest.raises(Unusable, match="made by a newer schoolops") as caught:
            call(settings_of_store)
        assert caught.value.code == "setup.newer"
    assert room_and_motto(settings_of_store) == ("1", "none")


def test_servers_that_start_at_once_on_an_empty_database_make_it_once(
    postgres_url: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SCHOOLOPS_DATABASE__URL", postgres_url)
    found = load_settings()
    code = "from schoolops import migrations as m; import schoolops.core.settings as s; "
    command = [sys.executable, "-c", code + "m.prepare(s.load_settings())"]
    servers = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(3)]
    for server in servers:
        _, complaint = server.communicate(timeout=60)
        assert server.returncode == 0, complaint
    assert revision(found) == migrations.HEAD


# --- from the first version -------------------------------------------------------------------

OLD_SCHOOL = """INSERT INTO schools (id, uid, key, key_folded, version, created_at, updated_at,
    updated_by, search_text, number, name, health, health_reason)
    VALUES (1, 'u', '164800', '164800', 2, 1, 2, 'm.weber', '', '164800', 'Größe', 'ok', '')"""
OLD_DEVICE = """INSERT INTO devices (id, uid, key, key_folded, version, created_at, updated_at,
    updated_by, search_text, kind, serial, school_id, macs, retired_at, health, health_reason)
    VALUES (:id, :uid, :key, :key, 1, 1, 1, 'm.weber', '', 'ipad', :key, 1, :macs, :retired,
    'ok', '')"""


def test_records_of_the_first_version_keep_their_addresses_and_say_who_made_them(
    home: Path, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for url in ("", postgres_url):
        monkeypatch.setenv("SCHOOLOPS_DATABASE__URL", url)
        settings = load_settings()
        with opened(settings) as store:
            _upgrade_to(store, "0001")
            with store.write() as unit:
                unit.connection.execute(text(OLD_SCHOOL))
                for id, key, macs, retired in (
                    (1, "A", "02:00:00:00:00:01 02:00:00:00:00:02", None),
                    (2, "B", "02:00:00:00:00:02", None),
                    (3, "C", "02:00:00:00:00:03", 7),
                ):
                    values = {"id": id, "uid": key, "key": key, "macs": macs, "retired": retired}
                    unit.connection.execute(text(OLD_DEVICE), values)
        assert migrations.upgrade(settings)["up_to_date"]
        with opened(settings) as store, store.read() as connection:
            rows = connection.execute(text("SELECT mac, device_id FROM device_mac ORDER BY mac"))
            # Two had the same one already: it stays with the first, and a retired one has none.
            assert [tuple(row) for row in rows] == [
                ("02:00:00:00:00:01", 1), ("02:00:00:00:00:02", 1),
            ]  # fmt: skip
            by = "SELECT created_by FROM {} WHERE id = 1"
            assert connection.scalar(text(by.format("devices"))) == "m.weber"
            assert connection.scalar(text(by.format("schools"))) is None


SEARCHED_THEN = {
    "devices": "INSERT INTO devices (id, uid, key, key_folded, version, created_at, updated_at,"
    " updated_by, search_text, kind, serial, model, owner, school_id, health, health_reason) VALUES"
    " (:id, :uid, :key, :key, 1, 1, 1, 'x', :found, 'ipad', :key, 'Größe', :person, 1, 'ok', '')",
    "services": "INSERT INTO services (id, uid, key, key_folded, version, created_at, updated_at,"
    " updated_by, search_text, name, owner, school_id) VALUES"
    " (:id, :uid, :key, :key, 1, 1, 1, 'x', :found, :key, :person, 1)",
    "contacts": "INSERT INTO contacts (id, uid, key, key_folded, version, created_at, updated_at,"
    " updated_by, search_text, name, role, email, school_id) VALUES"
    " (:id, :uid, :key, :key, 1, 1, 1, 'x', :found, 'B. Meier', 'head', :person, 1)",
}


def test_searched_texts_of_before_are_split_into_equipment_and_persons(
    home: Path, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    persons = (*(f"Ähn {n}" for n in range(5001)), None, "")
    for url in ("", postgres_url):
        monkeypatch.setenv("SCHOOLOPS_DATABASE__URL", url)
        settings = load_settings()
        with opened(settings) as store:
            _upgrade_to(store, "0005")
            with store.write() as unit:
                unit.connection.execute(text(OLD_SCHOOL))
                for table, statement in SEARCHED_THEN.items():
                    some = persons if table == "devices" else persons[-3:]
                    rows = [
                        {"id": n, "uid": f"{n}", "key": f"K{n}", "found": "old", "person": person}
                        for n, person in enumerate(some, 1)
                    ]
                    unit.connection.execute(text(statement), rows)
        assert migrations.upgrade(settings)["up_to_date"]
        with opened(settings) as store, store.read() as connection:
            for name in ("device", "service", "contact"):
                kind, table = KINDS[name], TABLES[name]
                for row in connection.execute(select(table)):
                    values = {f.name: row._mapping[column_name(f)] for f in kind.fields}
                    expected = make_search_text(kind, row.key, values)
                    person = values.get("owner") or values.get("email")
                    assert row.search_text == (expected if person else "old")
            estate = Estate(connection, Actor.of("x", "service-provider"), 0)
            assert (estate.count(KINDS["device"], "ähn"), estate.count(KINDS["device"])) == (
                0,
                5003,
            )
            assert Estate(connection, SYSTEM, 0).count(KINDS["device"], "ähn") == 5001


def _upgrade_to(store: Store, revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    config.set_main_option("path_separator", "os")
    with migrations._ready_for_changes(store) as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
