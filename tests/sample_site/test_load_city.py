"""`schoolops sample load`: an empty store, a full one, a store that a server works on."""

from __future__ import annotations

import json
from argparse import Namespace
from pathlib import Path

import pytest
from sqlalchemy import func, select

from sample_site import load
from sample_site.city import build_city
from schoolops.client import connect
from schoolops.client._launch import answers
from schoolops.core import paths
from schoolops.core.errors import Conflict, Invalid, SchoolopsError
from schoolops.core.settings import load_settings
from schoolops.db.engine import Store
from schoolops.estate.models import TABLES

SMALL = {"scale": 0.1, "schools": 3, "seed": 1}


def counts() -> dict[str, int]:
    store = Store.open(load_settings())
    try:
        with store.read() as connection:
            return {
                name: connection.scalar(select(func.count()).select_from(table)) or 0
                for name, table in TABLES.items()
            }
    finally:
        store.close()


def stop_server(home: Path) -> None:
    """End the server that a test started on demand, and only that one."""
    import os
    import re
    import signal
    import time

    owner = (home / "server.lock").read_text(encoding="utf-8")
    found = re.search(r"process (\d+)", owner)
    assert found, owner
    os.kill(int(found[1]), signal.SIGTERM)
    for _ in range(200):
        if not answers(paths.socket_path(home)):
            return
        time.sleep(0.05)
    raise AssertionError("the server did not end")


def test_an_empty_store_holds_the_whole_city_afterwards(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert load.run(Namespace(**SMALL, json=True)) == 0
    report = json.loads(capsys.readouterr().out)
    city = build_city(1, 0.1, 3)
    expected = {name: n for name, n in city.counts().items() if name in TABLES}
    assert counts() == expected
    assert report["records"] == expected
    assert report["new"] == sum(expected.values())
    assert report["way"] == "directly"


def test_both_databases_take_the_city(store: Store) -> None:
    city = build_city(1, 0.1, 3)
    filled = load.fill(store, city)
    with store.read() as connection:
        for name, count in filled.items():
            rows = connection.scalar(select(func.count()).select_from(TABLES[name]))
            assert rows == count == city.counts()[name]


def test_a_load_that_fails_leaves_nothing(
    home: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(load.SECRETS, "no such credential", "x")
    with pytest.raises(SchoolopsError):
        load.fill(store, build_city(1, 0.1, 1))
    with store.read() as connection:
        assert connection.scalar(select(func.count()).select_from(TABLES["school"])) == 0


def test_a_second_load_is_refused_and_nothing_is_added(home: Path) -> None:
    load.run(Namespace(**SMALL, json=True))
    before = counts()
    with pytest.raises(Conflict, match="3 schools already"):
        load.run(Namespace(**SMALL, json=True))
    assert counts() == before


def test_loading_into_an_existing_store_adds_what_is_missing(home: Path) -> None:
    load.load(build_city(1, 0.1, ["100020"]))
    try:
        report = load.load(build_city(1, 0.1, ["100020", "158550"]), into_existing=True)
    finally:
        stop_server(home)
    assert report["refused"] == 0
    assert report["changed"] == 0
    assert report["same"] > 0
    expected = build_city(1, 0.1, ["100020", "158550"]).counts()
    assert counts()["device"] == expected["device"]


def test_a_running_server_takes_the_city_itself(home: Path) -> None:
    try:
        with connect() as client:
            assert client.count("schools") == 0
            report = load.load(build_city(1, 0.1, 3))
            assert report["way"] == "through the server"
            assert report["refused"] == 0
            devices = build_city(1, 0.1, 3).counts()["device"]
            assert client.count("devices") == devices
            access_point = client.page("access-points", limit=1, columns=("parent",)).rows[0]
            assert client.get("devices", access_point[4])["values"]["kind"] == "switch"
    finally:
        stop_server(home)


def test_a_running_server_with_records_is_left_alone(home: Path) -> None:
    load.load(build_city(1, 0.1, ["100020"]))
    try:
        with connect() as client:
            with pytest.raises(Conflict, match="already"):
                load.load(build_city(1, 0.1, ["158550"]))
            assert client.count("schools") == 1
    finally:
        stop_server(home)


def test_both_ways_give_the_same_records(home: Path, tmp_path: Path) -> None:
    city = build_city(1, 0.1, ["158550"])
    load.load(city)
    try:
        with connect() as client:
            again = load.upload(client, city, lambda what, share: None)
    finally:
        stop_server(home)
    assert (again["new"], again["changed"], again["refused"]) == (0, 0, 0)
    assert again["same"] == sum(again["records"].values())


def test_the_ordinary_importer_reads_the_list_of_schools_to_the_same_values(home: Path) -> None:
    from sample_site.schools import DATA_FILE

    load.load(build_city(1, 0.02))
    try:
        with connect() as client:
            report = client.import_file("schools", DATA_FILE.name, DATA_FILE.read_bytes(), True)
    finally:
        stop_server(home)
    assert (report["same"], report["new"], report["changed"], report["refused"]) == (174, 0, 0, 0)


def test_the_secrets_of_the_equipment_are_set_and_not_to_be_read(home: Path) -> None:
    load.load(build_city(1, 0.1, ["158550"]))
    raw = (home / "schoolops.db").read_bytes()
    assert b"schulnetz-lesen" not in raw
    store = Store.open(load_settings())
    try:
        table = TABLES["credential"]
        with store.read() as connection:
            row = connection.execute(select(table).where(table.c.name == "Schulnetz SNMP")).one()
        opened = store.secrets.open(row.secret, f"credential:{row.uid}")
    finally:
        store.close()
    assert opened == "schulnetz-lesen"


@pytest.mark.parametrize("wrong", [{"scale": 50.0}, {"schools": 900}])
def test_impossible_wishes_are_refused_before_anything_is_written(
    home: Path, wrong: dict[str, object]
) -> None:
    with pytest.raises(Invalid):
        load.run(Namespace(**(SMALL | wrong), json=True))
    assert not (home / "schoolops.db").exists()
