"""A Tuesday in the sample city: every school has an agent that has reported over the real
interface, and some things are broken, so that everyday questions have answers.

The agents' reports are invented here and sent as an agent sends them; the server itself decides
what is down and why.
"""

from __future__ import annotations

import datetime as dt
import gzip
import os
import sqlite3
import ssl
import time
from pathlib import Path
from typing import Any

import httpx

from agents import protocol
from agents.protocol import DeviceReport, DiscoveredReport, HostReport, Row, UplinkReport
from schoolops.client import Client, connect
from schoolops.core.paths import socket_path

SCHOOL = "188086"
"""Where most of the questions are about: the biggest school."""
HISTORY_MINUTES = 360
MICROS = 1_000_000
SETTINGS = {"SCHOOLOPS_AGENT__INTERVAL_S": "3600", "SCHOOLOPS_AGENT__STALE_AFTER": "8"}
"""What is reported once must hold while the questions are asked."""

WITH_LINE = (
    "SELECT id, key FROM schools WHERE id IN "
    "(SELECT school_id FROM uplinks WHERE state = 'active') ORDER BY key"
)
"""Schools that can have an agent."""

Facts = dict[str, Any]


class City:
    """The store's own facts, read beside the server, to know what the answers must be."""

    def __init__(self, home: Path) -> None:
        self.base = sqlite3.connect(home / "schoolops.db")
        self.base.row_factory = sqlite3.Row

    def rows(self, sql: str, *values: Any) -> list[sqlite3.Row]:
        return self.base.execute(sql, values).fetchall()

    def one(self, sql: str, *values: Any) -> sqlite3.Row:
        return self.rows(sql, *values)[0]

    def school(self, number: str) -> sqlite3.Row:
        return self.one("SELECT * FROM schools WHERE key = ?", number)


def happen(home: Path, address: str, ca: Path) -> Facts:
    """Let it be Tuesday. Answers what the questions are about: names, serials, a token."""
    city = City(home)
    facts = _choose(city)
    local = httpx.Client(
        transport=httpx.HTTPTransport(uds=str(socket_path(home))), base_url="http://schoolops"
    )
    with local, connect_local(home) as client:
        for row in city.rows(WITH_LINE):
            invited = client.invite(row["key"], f"agent-{row['key']}")
            joined = local.post(
                "/v1/agent/join",
                json={"code": invited["code"], "hostname": "box", "version": "1.0"},
            ).json()
            _report(local, joined, _rows(city, row, facts))
        facts["token"] = client.create_token("m.weber", "authority-admin")["token"]
        context = ssl.create_default_context(cafile=str(ca))
        with httpx.Client(base_url=address, verify=context) as weber:
            weber.headers["Authorization"] = f"Bearer {facts['token']}"
            record = weber.get(f"/v1/devices/{facts['changed']}").json()
            change = {"version": record["version"], "values": {"notes": "Display getauscht"}}
            weber.patch(f"/v1/devices/{record['id']}", json=change).raise_for_status()
        _wait_until_judged(client, facts)
    city.base.close()
    return facts


def connect_local(home: Path) -> Client:
    os.environ["SCHOOLOPS_HOME"] = str(home)
    return connect()


def _choose(city: City) -> Facts:
    """Which devices, rooms and lines the day is about."""
    school = city.school(SCHOOL)
    points = city.rows(
        "SELECT key, name, room_id FROM devices WHERE school_id = ? AND kind = 'access-point' "
        "AND room_id IS NOT NULL ORDER BY name",
        school["id"],
    )
    down = [points[3], points[17], points[30]]
    room = city.one("SELECT key, name FROM rooms WHERE id = ?", down[0]["room_id"])
    pads = city.rows(
        "SELECT key, name, serial, owner, firmware FROM devices WHERE school_id = ? "
        "AND kind = 'ipad' ORDER BY key",
        school["id"],
    )
    board = city.one(
        "SELECT d.serial, r.name AS room, r.key AS room_key, d.school_id FROM devices d "
        "JOIN rooms r ON r.id = d.room_id WHERE d.kind = 'apple-tv' AND d.school_id != ? "
        "ORDER BY d.serial LIMIT 1",
        school["id"],
    )
    call = city.one(
        "SELECT name, phone FROM contacts WHERE school_id = ? AND role = 'secretary'",
        board["school_id"],
    )
    lines = city.rows(
        "SELECT u.key, u.name, u.school_id, u.hotline, u.circuit, s.short_name, s.key AS school "
        "FROM uplinks u JOIN schools s ON s.id = u.school_id WHERE u.state = 'active' "
        "AND u.hotline != '' AND u.circuit != '' AND u.school_id != ? "
        "GROUP BY u.school_id HAVING count(*) = 1 ORDER BY u.key",
        school["id"],
    )
    return {
        "school": SCHOOL,
        "school_name": school["short_name"],
        "points_down": [row["key"] for row in down],
        "point_names": [row["name"] for row in down],
        "room": room["name"],
        "room_key": room["key"],
        "room_device": down[0]["name"],
        "pad": dict(next(row for row in pads if "Lehrkraft" in (row["owner"] or ""))),
        "changed": pads[-1]["serial"],
        "tv": dict(board),
        "call": dict(call),
        "dark": [row["school"] for row in lines[5:7]],
        "dark_names": [row["short_name"] for row in lines[5:7]],
        "line_down": dict(lines[1]),
        "slow": [row["school"] for row in lines[30:36]],
        "slow_names": [row["short_name"] for row in lines[30:36]],
        "warranty": _warranty(city),
        "discovered": [f"10.{row['id']}.7.9" for row in city.rows(WITH_LINE) if not row["id"] % 20],
        "old_pads": [row["serial"] for row in pads if row["firmware"].startswith("iPadOS 17")],
    }


def _warranty(city: City) -> Facts:
    """How many devices' warranty ends this year, and the first of them."""
    year = str(dt.date.today().year)
    where = "FROM devices WHERE substr(warranty_until, 1, 4) = ?"
    count = city.one(f"SELECT count(*) AS count {where}", year)["count"]
    first = city.one(f"SELECT serial, name {where} ORDER BY key LIMIT 1", year)
    return {"year": year, "count": count, **dict(first)}


def _rows(city: City, school: sqlite3.Row, facts: Facts) -> list[tuple[int, str, tuple[Any, ...]]]:
    """What the agent of a school has seen: (time, table, report)."""
    number, now = school["key"], time.time_ns() // 1000
    if number in facts["dark"]:
        now -= 20 * 3600 * MICROS
    found: list[tuple[int, str, tuple[Any, ...]]] = []

    def add(minutes: int, table: str, report: tuple[Any, ...]) -> None:
        found.append((now - minutes * 60 * MICROS, table, report))

    devices = city.rows(
        "SELECT key, kind, room_id FROM devices WHERE school_id = ? AND management IS NOT NULL "
        "AND management != 'none'",
        school["id"],
    )
    room = city.rows("SELECT id FROM rooms WHERE key = ?", facts["room_key"])[0]["id"]
    for device in devices:
        key = device["key"]
        if key in facts["points_down"]:
            add(0, "device", DeviceReport(key, False, error="timeout", source="snmp"))
        minutes = HISTORY_MINUTES if device["room_id"] == room else 1
        for at in range(minutes, 0, -1) if key in facts["points_down"] else range(minutes):
            add(at, "device", _working(key, device["kind"], at))
    for line in city.rows(
        "SELECT name, key, contract_down_bps, contract_up_bps FROM uplinks "
        "WHERE school_id = ? AND state = 'active'",
        school["id"],
    ):
        broken = line["key"] == facts["line_down"]["key"]
        share = 0.31 if number in facts["slow"] else 0.94
        down, up = (line["contract_down_bps"] or 0) * share, (line["contract_up_bps"] or 0) * 0.95
        for at in range(HISTORY_MINUTES if number == facts["school"] else 3):
            report = UplinkReport(
                line["name"], 14.0 + at % 5, 9.0, 1.2, 0.0, 12.0, 40e6, 8e6, down, up, True
            )
            if broken and at == 0:
                report = UplinkReport(line["name"], loss_percent=100.0, reachable=False)
            add(at, "uplink", report)
    add(0, "host", HostReport(7.0, 0.2, 31.0, 22.0, 48.0, 86_400, 10**9, 10**8, 0, 0))
    if school["id"] % 20 == 0:
        mac, address = f"02:00:5e:10:00:{school['id']:02x}", f"10.{school['id']}.7.9"
        add(0, "discovered", DiscoveredReport(address, mac, "NPI9C2", "HP LaserJet", "printer"))
    found.sort(key=lambda row: row[0])
    return found


def _working(key: str, kind: str, at: int) -> DeviceReport:
    clients = 20 - at % 9 if kind == "access-point" else None
    return DeviceReport(
        key, True, 3.0, 900_000.0, 12.0 + at % 7, 40.0, 51.0, clients,
        rx_bytes=10**12 - at * 10**8, tx_bytes=10**11 - at * 10**7, errors=0, source="snmp",
    )  # fmt: skip


def _report(local: httpx.Client, agent: Facts, rows: list[tuple[int, str, Any]]) -> None:
    """Send it as an agent does."""
    numbered = [Row(n, at, table, report) for n, (at, table, report) in enumerate(rows, 1)]
    sent = time.time_ns() // 1000
    body = protocol.encode_batch(protocol.make_batch(agent["agent"], "boot", numbered, 0, sent))
    answer = local.post(
        protocol.REPORT_PATH,
        content=gzip.compress(body, 1),
        headers={
            "Authorization": f"Bearer {agent['secret']}",
            "Content-Type": protocol.CONTENT_TYPE,
            "Content-Encoding": "gzip",
        },
        timeout=60,
    )
    answer.raise_for_status()


def _wait_until_judged(client: Client, facts: Facts) -> None:
    """Until the server has drawn its conclusions from all reports."""
    deadline = time.monotonic() + 60
    wanted = {
        ("access-points", f"school:{facts['school']} health:down"): len(facts["points_down"]),
        ("uplinks", "health:warning"): len(facts["slow"]),
        ("agents", "state:silent"): len(facts["dark"]),
        ("schools", "health:down"): len(facts["dark"]) + 1,
    }
    while True:
        found = {what: client.count(what[0], q=what[1]) for what in wanted}
        if found == wanted:
            return
        if time.monotonic() > deadline:
            raise RuntimeError(f"the server judges otherwise: {found}, expected {wanted}")
        time.sleep(0.25)
