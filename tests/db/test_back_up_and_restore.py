"""Backups: made under load, proven, restored elsewhere equal; refused when not good."""

from __future__ import annotations

import io
import json
import os
import shutil
import sqlite3
import stat
import tarfile
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import insert, select, text

from inventory.fields import Value
from inventory.kinds import KINDS
from schoolops import migrations
from schoolops.core.errors import NotFound, Unusable
from schoolops.core.permissions import Actor
from schoolops.core.settings import Settings, load_settings
from schoolops.db import audit, backup, changes
from schoolops.db.backup import container
from schoolops.db.engine import Store
from schoolops.db.tables import note
from schoolops.estate.loading import Loader
from schoolops.estate.models import TABLES
from schoolops.estate.service import Inventory
from schoolops.telemetry.models import rollup
from tests.peers.postgres import Cluster

ADMIN = Actor.of("m.weber", "authority-admin")
KNOWN = migrations.HISTORY
SCHOOL, ROOM, CREDENTIAL = KINDS["school"], KINDS["room"], KINDS["credential"]


def fill(store: Store, schools: int = 3) -> None:
    rows: list[dict[str, Value]] = [
        {"number": str(100_000 + n), "name": f"Größe {n} ✓", "latitude": 51.2 + n / 7}
        for n in range(schools)
    ]
    with store.write(ADMIN) as unit:
        Loader(unit).load(SCHOOL, rows)
        inventory = Inventory(unit)
        inventory.create(CREDENTIAL, {"name": "switches", "kind": "snmp-v2c"})
        inventory.set_secret("switches", "a community nobody knows", "")
        day = {"kind": "device", "record_id": 1, "day": 20_000, "hourly": bytes(range(256))}
        unit.connection.execute(insert(rollup), day)


def numbers(store: Store) -> list[str]:
    with store.read() as connection:
        table = TABLES["school"]
        return list(connection.scalars(select(table.c.number).order_by(table.c.number)))


def fingerprint(store: Store) -> dict[str, list[Any]]:
    """Of all that a backup holds."""
    with store.read() as connection:
        return backup.fingerprint(connection, backup.MEASUREMENTS)


def settings_at(home: Path, url: str = "") -> Settings:
    """The settings of another home and database."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SCHOOLOPS_HOME", str(home))
        patch.setenv("SCHOOLOPS_DATABASE__URL", url)
        found = load_settings()
        assert found.home == home  # kept from now on
        return found


@pytest.fixture
def other(store: Store, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Settings]:
    """Settings of another, empty home and database of the same kind."""
    home = tmp_path / "elsewhere"
    if not store.is_postgresql:
        yield settings_at(home)
        return
    cluster: Cluster = request.getfixturevalue("postgres_cluster")
    with cluster.database() as name:
        yield settings_at(home, cluster.url(name))


@contextmanager
def opened(settings: Settings) -> Iterator[Store]:
    store = Store.open(settings)
    try:
        yield store
    finally:
        store.close()


def test_what_was_saved_is_restored_elsewhere_equal(store: Store, other: Settings) -> None:
    fill(store)
    expected = fingerprint(store)
    made = backup.create(store)
    assert made["verified"]
    assert backup.check(Path(made["path"]), KNOWN)["fingerprint"] == expected
    done = backup.restore(other, Path(made["path"]), KNOWN)
    assert done["kept"] is None
    assert done["rows"] == sum(rows for rows, _ in expected.values())
    with opened(other) as restored:
        assert fingerprint(restored) == expected
        assert numbers(restored) == numbers(store)


def test_a_restored_database_works_on(store: Store, other: Settings) -> None:
    """Numbers go on where they stood, screens read again, the audit's chain holds."""
    fill(store)
    while audit.seal(store):
        pass
    backup.restore(other, Path(backup.create(store)["path"]), KNOWN)
    migrations.prepare(other)
    with opened(other) as restored:
        with restored.read() as connection:
            assert changes.read_after(connection, 10_000) is None
            here = changes.cursor(connection)
            assert here > 0
        with restored.write(ADMIN) as unit:
            Inventory(unit).create(SCHOOL, {"number": "164800", "name": "Neu", "form": "20"})
        with restored.read() as connection:
            found = changes.read_after(connection, here)
            assert found is not None
            assert [one.kind for one in found] == ["school"]
        audit.seal(restored)
        with restored.read() as connection:
            assert audit.verify(connection)["ok"]


def test_a_backup_under_load_is_one_moment_and_stops_nobody(store: Store, other: Settings) -> None:
    """Each transaction writes two rows that belong together; a backup has both or none."""
    fill(store, 300)
    stop, written = threading.Event(), [0, 0, 0]

    def write(number: int) -> None:
        while not stop.is_set():
            with store.write() as unit:
                for half in "ab":
                    name = f"{number}.{written[number]}.{half}"
                    row = {"name": name, "value": "x" * 300}
                    unit.connection.execute(insert(note), row)
            written[number] += 1

    threads = [threading.Thread(target=write, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    try:
        while min(written) < 3:
            stop.wait(0.01)
        before = list(written)
        made = backup.create(store)
        during = [after - first for after, first in zip(written, before, strict=True)]
    finally:
        stop.set()
        for thread in threads:
            thread.join(30)
    assert made["verified"]
    assert all(during), "writers stood still"
    backup.restore(other, Path(made["path"]), KNOWN)
    with opened(other) as restored, restored.read() as connection:
        names = set(connection.scalars(select(note.c.name)))
    halves = {name.rpartition(".")[0] for name in names if name[0].isdigit()}
    assert len(halves) >= sum(before)
    assert {f"{one}.{half}" for one in halves for half in "ab"} <= names


def test_the_key_of_the_credentials_is_not_inside(store: Store) -> None:
    fill(store)
    key = (store.settings.home / "keys" / "secrets.key").read_bytes()
    path = Path(backup.create(store)["path"])
    with tarfile.open(path) as tar:
        assert len(tar.getnames()) == 3
    content = everything_in(path, store)
    assert b"switches" in content
    assert key.strip() not in content
    assert b"a community nobody knows" not in content


def everything_in(path: Path, store: Store) -> bytes:
    """All bytes of the backup, unpacked."""
    folder = path.with_name("unpacked")
    folder.mkdir()
    _, database = container.unpack(path, folder, KNOWN)
    if store.is_postgresql:
        import subprocess

        command = ["pg_restore", "--file=-", str(database)]
        return subprocess.run(command, check=True, capture_output=True).stdout
    import gzip

    return gzip.decompress(database.read_bytes())


def test_only_the_owner_may_read_it_and_nothing_is_left_beside(store: Store) -> None:
    path = Path(backup.create(store)["path"])
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert list(path.parent.iterdir()) == [path]
    assert [one["path"] for one in backup.list_backups(store.settings)] == [str(path)]


def test_a_test_restore_that_fails_leaves_no_backup(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file is spoilt between writing and trying: only a real trial can notice."""
    real = container.pack

    def spoil(packed: Path, manifest: dict[str, Any], database: Path) -> None:
        manifest["fingerprint"]["note"] = [1, "0" * 64]
        real(packed, manifest, database)

    monkeypatch.setattr(container, "pack", spoil)
    with pytest.raises(backup.BadBackup, match="differs from what was saved in note"):
        backup.create(store)
    assert list(store.settings.backup_folder.iterdir()) == []


# --- the old database -----------------------------------------------------------------------


def test_the_old_database_is_kept_aside(settings_of_store: Settings, clock: Any) -> None:
    with opened(settings_of_store) as store:
        fill(store, 2)
        path = Path(backup.create(store)["path"])
        with store.write(ADMIN) as unit:
            Inventory(unit).create(SCHOOL, {"number": "164800", "name": "Neu", "form": "20"})
        before = numbers(store)
    first = backup.restore(settings_of_store, path, KNOWN)["kept"]
    second = backup.restore(settings_of_store, path, KNOWN)["kept"]
    assert first != second
    with opened(settings_of_store) as store:
        assert numbers(store) == before[:2]
        assert kept_numbers(store, first) == before
        # What is kept is not saved once more.
        backup.check(Path(backup.create(store)["path"]), KNOWN)


def kept_numbers(store: Store, kept: str) -> list[str]:
    if store.is_postgresql:
        schema = kept.split()[2]
        with store.read() as connection:
            query = text(f"SELECT number FROM {schema}.schools ORDER BY number")
            return list(connection.scalars(query))
    assert stat.S_IMODE(Path(kept).stat().st_mode) & 0o077 == 0
    with closing(sqlite3.connect(kept)) as file:
        return [row[0] for row in file.execute("SELECT number FROM schools ORDER BY number")]


@pytest.mark.parametrize("settings_of_store", ["sqlite"], indirect=True)
def test_a_damaged_database_can_be_replaced(settings_of_store: Settings) -> None:
    with opened(settings_of_store) as store:
        fill(store)
        path = Path(backup.create(store)["path"])
        file = store.file
    file.write_bytes(b"spoilt" * 1000)
    file.with_name(file.name + "-wal").write_bytes(b"old log" * 1000)
    kept = backup.restore(settings_of_store, path, KNOWN)["kept"]
    assert Path(kept).read_bytes() == b"spoilt" * 1000
    with opened(settings_of_store) as store:
        assert len(numbers(store)) == 3


@pytest.mark.parametrize("settings_of_store", ["postgresql"], indirect=True)
def test_what_a_newer_version_left_is_moved_away_too(settings_of_store: Settings) -> None:
    with opened(settings_of_store) as store:
        fill(store)
        expected = fingerprint(store)
        path = Path(backup.create(store)["path"])
        with store.write() as unit:
            unit.connection.execute(text(
                "CREATE TABLE newer (id bigint PRIMARY KEY, school_id bigint REFERENCES schools)"
            ))  # fmt: skip
    backup.restore(settings_of_store, path, KNOWN)
    with opened(settings_of_store) as store:
        assert fingerprint(store) == expected


# --- what is refused ------------------------------------------------------------------------


@pytest.fixture
def saved(settings_of_store: Settings) -> Path:
    """A backup of three schools; the database has four by now. Nobody has it open."""
    with opened(settings_of_store) as store:
        fill(store)
        path = Path(backup.create(store)["path"])
        with store.write(ADMIN) as unit:
            Inventory(unit).create(SCHOOL, {"number": "164800", "name": "Neu", "form": "20"})
    return path


def refused(settings: Settings, path: Path, match: str | None = None) -> Unusable:
    """Restoring is refused, and nothing is changed."""
    with pytest.raises(Unusable, match=match) as caught:
        backup.restore(settings, path, KNOWN)
    with opened(settings) as store:
        assert len(numbers(store)) == 4
    assert not list(settings.home.glob(".restoring-*"))
    assert not list(settings.home.glob("*.before-restore-*"))
    return caught.value


def changed(path: Path, **values: Any) -> Path:
    """The same backup with another manifest."""
    target = path.with_name("changed" + backup.SUFFIX)
    with tarfile.open(path) as old, tarfile.open(target, "w") as new:
        for member in old:
            data = old.extractfile(member)
            assert data is not None
            content = data.read()
            if member.name == "manifest.json":
                listing = json.dumps(json.loads(content) | values).encode()
                content = listing
            if member.name == "manifest.sha256":
                import hashlib

                content = hashlib.sha256(listing).hexdigest().encode()
            member.size = len(content)
            new.addfile(member, io.BytesIO(content))
    return target


@pytest.mark.parametrize(
    "values", [{"format": 3}, {"format": 99, "file": None}, {"revision": "9999"}]
)
def test_the_backup_of_a_newer_version_is_refused(
    settings_of_store: Settings, saved: Path, values: dict[str, Any]
) -> None:
    path = changed(saved, schoolops="7.0", **values)
    error = refused(settings_of_store, path, r"made by schoolops 7\.0, which is newer")
    assert error.code == "backup.newer"
    with pytest.raises(backup.BadBackup):
        backup.check(path, KNOWN)


def test_a_backup_that_holds_something_else_than_it_says_is_refused(
    settings_of_store: Settings, saved: Path
) -> None:
    listing = backup.check(saved, KNOWN)["fingerprint"]
    listing["schools"] = [4, "0" * 64]
    error = refused(settings_of_store, changed(saved, fingerprint=listing), "differs .* schools")
    assert error.code == "backup.unusable"


def test_the_backup_of_the_other_database_is_refused(
    settings_of_store: Settings, saved: Path
) -> None:
    is_sqlite = settings_of_store.database_url.startswith("sqlite")
    path = changed(saved, dialect="postgresql" if is_sqlite else "sqlite")
    refused(settings_of_store, path, "set database.url")


@pytest.mark.parametrize("part", [0.0, 0.001, 0.3, 0.9, 0.999])
def test_a_truncated_backup_is_refused(
    settings_of_store: Settings, saved: Path, part: float
) -> None:
    # The end of a tar is padding: cut behind the content, nothing is lost.
    with tarfile.open(saved) as tar:
        last = tar.getmembers()[-1]
        end = last.offset_data + last.size
    os.truncate(saved, int(end * part))
    error = refused(settings_of_store, saved)
    assert error.code == "backup.unusable"


@pytest.mark.parametrize("settings_of_store", ["sqlite"], indirect=True)
@settings(max_examples=120)
@given(data=st.data())
def test_a_flipped_bit_is_refused_or_does_not_matter(
    settings_of_store: Settings, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    original = _SAVED.get(settings_of_store.home)
    if original is None:
        with opened(settings_of_store) as store:
            fill(store)
            path = Path(backup.create(store)["path"])
            original = _SAVED[settings_of_store.home] = (path.read_bytes(), fingerprint(store))
    content, expected = original
    position = data.draw(st.integers(0, len(content) - 1))
    spoilt = bytearray(content)
    spoilt[position] ^= 1 << data.draw(st.integers(0, 7))
    file = settings_of_store.home / "spoilt"
    file.write_bytes(spoilt)
    try:
        manifest = backup.check(file, KNOWN)
    except (backup.BadBackup, NotFound):
        return
    # Only what nobody reads: padding, the times and owners of tar's headers.
    assert manifest["fingerprint"] == expected


_SAVED: dict[Path, tuple[bytes, dict[str, list[Any]]]] = {}


@settings(max_examples=60)
@given(content=st.binary(max_size=2000))
def test_garbage_is_refused(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "garbage"
    file.write_bytes(content)
    with pytest.raises(backup.BadBackup, match="take another one"):
        backup.check(file, KNOWN)


@pytest.mark.parametrize("manifest", [[], {}, {"format": "1"}, {"format": 1}, "x", None, 3])
def test_a_manifest_that_is_none_is_refused(tmp_path: Path, manifest: Any) -> None:
    file = tmp_path / "x"
    (tmp_path / "db").write_bytes(b"")
    with tarfile.open(file, "w") as tar:
        container._add(tar, "manifest.json", json.dumps(manifest).encode())
    with pytest.raises(backup.BadBackup, match="take another one"):
        backup.check(file, KNOWN)


def test_a_restore_under_a_running_server_is_refused(
    settings_of_store: Settings, saved: Path
) -> None:
    from schoolops.db.lock import own_store

    with own_store(settings_of_store, "schoolops serve"):
        error = refused(settings_of_store, saved, r"schoolops serve \(process \d+\) works on")
    assert error.code == "setup.in_use"


@pytest.mark.parametrize("settings_of_store", ["postgresql"], indirect=True)
def test_a_restore_under_a_server_elsewhere_is_refused(
    settings_of_store: Settings, saved: Path
) -> None:
    with opened(settings_of_store):
        error = refused(settings_of_store, saved, "stop all servers")
    assert error.code == "setup.in_use"


@pytest.mark.parametrize("settings_of_store", ["sqlite"], indirect=True)
def test_two_homes_on_one_file_do_not_both_serve(
    settings_of_store: Settings, tmp_path: Path
) -> None:
    from schoolops.db.lock import own_store

    url = f"sqlite:///{tmp_path / 'shared' / 'city.db'}"
    first, second = (settings_at(tmp_path / n, url) for n in "ab")
    with own_store(first, "schoolops serve"), pytest.raises(Unusable, match=r"city\.db"):  # noqa: SIM117
        with own_store(second, "schoolops serve"):
            pass
    with own_store(second, "schoolops serve"):
        pass


def test_a_folder_without_room_says_so(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """/dev/full is a disk without room."""
    real = container.pack

    def full(packed: Path, manifest: dict[str, Any], database: Path) -> None:
        packed.symlink_to("/dev/full")
        with packed.open("wb") as file:
            file.write(database.read_bytes())
        real(packed, manifest, database)

    monkeypatch.setattr(container, "pack", full)
    with pytest.raises(Unusable, match="is full; free some space") as caught:
        backup.create(store)
    assert caught.value.code == "backup.disk_full"
    assert list(store.settings.backup_folder.iterdir()) == []


def test_the_settings_folder_is_used(settings_of_store: Settings, tmp_path: Path) -> None:
    settings_of_store.backup.folder = str(tmp_path / "usb" / "backups")
    with opened(settings_of_store) as store:
        made = Path(backup.create(store)["path"])
        assert made.parent == tmp_path / "usb" / "backups"
        chosen = backup.create(store, tmp_path / "chosen.file")
    assert chosen["path"] == str(tmp_path / "chosen.file")
    shutil.rmtree(tmp_path / "usb")
    assert backup.list_backups(settings_of_store) == []


@pytest.fixture
def ordinary(postgres_cluster: Cluster, tmp_path: Path) -> Iterator[Settings]:
    """A database of a role that owns it and may do nothing else."""
    with postgres_cluster.database() as name:
        postgres_cluster.execute(f"CREATE ROLE ordinary_{name} LOGIN PASSWORD 'ordinary'")
        postgres_cluster.execute(f"ALTER DATABASE {name} OWNER TO ordinary_{name}")
        url = postgres_cluster.url(name).replace(
            f"schoolops:{postgres_cluster.password}@", f"ordinary_{name}:ordinary@"
        )
        found = settings_at(tmp_path / "ordinary", url)
        migrations.prepare(found)
        yield found
    postgres_cluster.execute(f"DROP ROLE ordinary_{name}")


def test_an_ordinary_role_saves_and_restores_but_cannot_try(ordinary: Settings) -> None:
    with opened(ordinary) as store:
        fill(store)
        expected = fingerprint(store)
        made = backup.create(store)
        with store.write(ADMIN) as unit:
            Inventory(unit).create(SCHOOL, {"number": "164800", "name": "Neu", "form": "20"})
    assert made["verified"] is False
    backup.restore(ordinary, Path(made["path"]), KNOWN)
    with opened(ordinary) as store:
        assert fingerprint(store) == expected
