"""A small city in memory that answers like the client: for tests of the screens alone.

It keeps versions, refuses stale edits, filters with the real grammar and streams its changes,
so that what the screens do with an answer is what is tested.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

from inventory.fields import fold
from inventory.filter import matches, parse
from inventory.kinds import KINDS, Kind, find_kind
from schoolops.client import ApiError, Change, Endpoint, Offline, Page, Ping
from schoolops.core.permissions import ROLES
from tests.tui.city_tickets import NOW, Json, TicketsOfCity

SCHOOLS = (
    ("164800", "Gymnasium Am Rheinbogen", "20", 51.2277, 6.7735, "40213", 940),
    ("101333", "GGS Unter den Platanen", "02", 51.2471, 6.7903, "40476", 280),
    ("164574", "Goethe-Gymnasium", "20", 51.2399, 6.8123, "40237", 1010),
    ("184019", "Berufskolleg Färberstraße", "30", 51.2075, 6.7771, "40223", 2100),
    ("150332", "Realschule Benrath", "10", 51.1613, 6.8702, "40597", 610),
    ("189467", "Gesamtschule Garath", "15", 51.1416, 6.8987, "40595", 1180),
)


class City(TicketsOfCity):
    """The fake client. `broken` makes every call fail as if no server answered."""

    endpoint = Endpoint("http://127.0.0.1:9")  # where nothing answers

    def __init__(self, role: str = "authority-admin", read_only: bool = False) -> None:
        self.role = role
        self.forced_read_only = read_only
        self.broken = False
        self.rule_problems: list[Json] = []
        self.full = False
        self.delay_s = 0.0
        self.command_state = "waiting"
        self.calls: list[tuple[str, Any]] = []
        self.records: dict[str, Json] = {}
        self.audit: list[Json] = []
        self.people: list[Json] = []
        self.said = {}
        self.seq = 0
        self._stream: list[Change] = []
        self._news = asyncio.Event()
        self._fill()

    # ---- content ------------------------------------------------------------------------

    def add(self, kind: str, key: str, health: str | None = None, /, **values: Any) -> Json:
        id = f"{kind}-{key}".replace("/", "-")
        if school := self.records.get(f"school-{values.get('school')}"):
            values["school_name"] = school["values"]["short_name"]
        record: Json = {
            "id": id, "kind": kind, "key": key, "version": 1, "values": values,
            "retired": False, "updated": NOW, "updated_by": "m.weber",
        }  # fmt: skip
        if KINDS[kind].health:
            record |= {"health": health or "ok", "reason": "", "since": NOW, "observed": NOW,
                       "freshness": "fresh"}  # fmt: skip
        self.records[id] = record
        return record

    def _fill(self) -> None:
        for number, name, form, lat, lon, postcode, pupils in SCHOOLS:
            self.add("school", number, number=number, name=f"{name} der Stadt Düsseldorf",
                     short_name=name, form=form, city="Düsseldorf", postcode=postcode,
                     street="Musterstraße 1", phone="0211 8920", pupils=pupils, latitude=lat,
                     longitude=lon, municipality="111000", authority="10042")  # fmt: skip
            self.add("site", f"{number}/Hauptstandort", school=number, name="Hauptstandort",
                     kind="main", street="Musterstraße 1")  # fmt: skip
            self.add("building", f"{number}/Altbau", school=number, name="Altbau",
                     site=f"{number}/Hauptstandort")  # fmt: skip
            self.add(
                "contact",
                f"{number}/head/Petra Lindner",
                school=number,
                role="head",
                name="Petra Lindner",
                phone="0211 8920-10",
                email="leitung@example.org",
            )
            self.add("contact", f"{number}/caretaker/Jörg Öztürk", school=number,
                     role="caretaker", name="Jörg Öztürk", phone="0211 8920-13")  # fmt: skip
            self.add("uplink", f"{number}/main", school=number, name="main", medium="fibre",
                     provider="Stadtnetz", circuit=f"D-{number}", hotline="0800 330 1000",
                     state="active", contract_down_bps=10**9,
                     contract_up_bps=5 * 10**8)  # fmt: skip
            for room in ("1.01", "1.02", "2.14"):
                self.add("room", f"{number}/{room}", school=number, name=room, kind="classroom",
                         seats=30, building=f"{number}/Altbau")  # fmt: skip
                self.add("device", f"AP{number}{room}", kind="access-point",
                         name=f"ap-{number}-{room}", serial=f"AP{number}{room}",
                         vendor="Aruba", model="AP-635", school=number, room=f"{number}/{room}",
                         address="10.1.1.7")  # fmt: skip
            for n in range(4):
                self.add("device", f"DMP{number}{n}", kind="ipad", name=f"iPad {n}",
                         serial=f"DMP{number}{n}", model="iPad 9", school=number,
                         room=f"{number}/2.14")  # fmt: skip
        self.fault("AP1648002.14", "down", "does not answer")
        self.records["room-164800-2.14"]["health"] = "warning"
        self.add("agent", "agent-1", name="rheinbogen", school="164800", state="active",
                 version="0.1.0", last_seen=NOW, reports=1200)  # fmt: skip
        self.add("discovered", "found-1", school="164800", address="10.1.1.99",
                 mac="52:54:00:ab:cd:ef", name="", description="HP LaserJet\x1b[31m 400",
                 kind="printer", last_seen=NOW)  # fmt: skip
        self.add("event", "1", at=NOW, actor="m.weber", action="device.edit", kind="device",
                 record="AP1648002.14", detail="room")  # fmt: skip
        for name, roles in (("t.kaya", "teacher 164800"), ("p.lindner", "head 164800")):
            self.add("account", name, username=name, name=name.title(), roles=roles, email="",
                     passkey=True, first_seen=NOW, last_seen=NOW)  # fmt: skip
        self.add("event", "2", at=NOW, actor="t.kaya", action="sign in", kind="account",
                 record="t.kaya", detail="")  # fmt: skip
        self.add("delegation", "grant-1", receiver="t.kaya", giver="p.lindner", school="164800",
                 permissions="passwords.reset", source="delegation", state="active",
                 until="2026-12-04T17:00:00Z", since=NOW, reason="on leave", **{"class": "5a"},
                 )  # fmt: skip
        self.propose("a.klein", "asked-1")
        self.people = [{"name": "m.weber", "role": "service-provider", "schools": None,
                        "expires": "2027-11-24T07:00:00Z"}]  # fmt: skip

    def fault(self, key: str, health: str, reason: str) -> None:
        """A device breaks or recovers, and its school with it."""
        device = self.records[f"device-{key}"]
        device |= {"health": health, "reason": reason}
        device["version"] += 1
        school = self.records[f"school-{device['values']['school']}"]
        school |= {"health": health, "reason": f"{device['values']['name']} {reason}".strip()}
        self.tell("device", device["id"], school["key"])
        self.tell("school", school["id"], school["key"])

    def propose(self, who: str, key: str, state: str = "open") -> Json:
        """Somebody asks for emergency access."""
        made = self.add(
            "approval", key, action="emergency-access", subject=f"{who} → 164800", school="164800",
            reason="the whole school is dark", state=state, proposed_by=who, proposed=NOW,
            waiting=state == "open" and who != "m.weber", mine=who == "m.weber",
            until="2026-11-25T07:00:00Z", decided_by="", decided=None, note="",
            content='{"hours":2,"permissions":["estate.read"]}',
        )  # fmt: skip
        self.tell("approval", made["id"])
        return made

    def fail(self, key: str, severity: str, title: str, title_de: str, **values: Any) -> Json:
        """Something breaks: an incident opens."""
        usual: Json = {
            "severity": severity, "title": title, "title_de": title_de, "state": "open",
            "open": True, "began": NOW, "ended": None, "schools": 1, "devices": 0,
            "claimed_by": "", "acknowledged_by": "", "returns": 0, "rule": "line-down",
            "school": "", "provider": "", "circuit": "", "hotline": "",
        }  # fmt: skip
        said = usual | values
        rank = ("info", "warning", "critical").index(severity)
        made = self.add("incident", key, **said, urgency=rank + (3 if said["open"] else 0))
        self.tell("incident", made["id"])
        return made

    def tell(self, kind: str, id: str, school: str | None = None) -> None:
        self.seq += 1
        self._stream.append(Change(kind, id, school, self.seq))
        self._news.set()

    # ---- reading ------------------------------------------------------------------------

    async def _answer(self, name: str, detail: Any = None) -> None:
        self.calls.append((name, detail))
        if self.delay_s:
            await asyncio.sleep(self.delay_s)
        if self.broken:
            raise Offline("no server answers at 127.0.0.1")
        if self.full:
            raise ApiError(503, "database.full", "the disk of the database is full")

    def _found(self, plural: str, q: str) -> tuple[Kind, list[Json]]:
        kind, more = find_kind(plural)
        try:
            tree = parse(f"{more} {q}".strip(), kind)
        except ValueError as error:
            raise ApiError(422, "filter.invalid", str(error)) from None
        return kind, [
            r for r in self.records.values()
            if r["kind"] == kind.name and (not r["retired"] or "retired" in q)
            and matches(tree, kind, self._values(r))
        ]  # fmt: skip

    @staticmethod
    def _values(record: Json) -> Json:
        flat = {n: record.get(n) for n in ("key", "retired", "updated", "updated_by", "health",
                "reason", "since", "observed", "freshness")}  # fmt: skip
        flat |= record["values"]
        flat["search_text"] = fold(" ".join(str(v) for v in record["values"].values() if v))
        return flat

    def _row(self, record: Json, columns: Sequence[str]) -> list[Any]:
        flat = self._values(record)
        head = [record["id"], record["key"], record["version"], record["retired"]]
        return head + [flat.get(name) for name in columns]

    async def page(self, plural: str, *, q: str = "", sort: str = "", offset: int = 0,
                   limit: int = 128, columns: Sequence[str] | None = None,
                   wide: bool = False) -> Page:  # fmt: skip
        await self._answer("page", (plural, q, sort, offset))
        kind, found = self._found(plural, q)
        names = tuple(columns or (f.name for f in kind.columns()))
        word = sort.removeprefix("-") or "key"
        found.sort(key=lambda r: r["key"])
        found.sort(key=lambda r: str(self._values(r).get(word) or ""), reverse=sort.startswith("-"))
        part = found[offset : offset + limit]
        rows = [self._row(record, names) for record in part]
        return Page(names, rows, offset, offset + limit < len(found))

    async def count(self, plural: str, *, q: str = "") -> int:
        await self._answer("count", (plural, q))
        return len(self._found(plural, q)[1])

    async def rows(self, plural: str, *, ids: Sequence[str],
                   columns: Sequence[str] | None = None) -> Page:  # fmt: skip
        await self._answer("rows", tuple(ids))
        names = tuple(columns or ())
        found = [self.records[i] for i in ids if i in self.records and not self._gone(i)]
        return Page(names, [self._row(record, names) for record in found])

    def _gone(self, id: str) -> bool:
        return bool(self.records[id]["retired"])

    def find(self, plural: str, id: str) -> Json:
        name = find_kind(plural)[0].name
        for record in self.records.values():
            if record["kind"] == name and id in (record["id"], record["key"]):
                return record
        raise ApiError(404, "estate.unknown", f"there is no {name} {id!r}")

    async def get(self, plural: str, id: str) -> Json:
        await self._answer("get", (plural, id))
        record = self.find(plural, id)
        return {**record, "values": dict(record["values"])}

    async def overview(self) -> Json:
        await self._answer("overview")
        counts = {}
        for name in ("schools", "rooms", "access-points", "switches", "ipads", "uplinks"):
            states = {"ok": 0, "warning": 0, "down": 0, "unknown": 0, "idle": 0}
            for record in self._found(name, "")[1]:
                idle = record["values"].get("operating") == "closed"
                states["idle" if idle else record["health"]] += 1
            counts[name] = states
        counts["agents"] = {"active": 1, "silent": 0}
        rank = {"down": 0, "warning": 1, "unknown": 2, "ok": 3}
        schools = sorted(
            self._found("schools", "!operating:closed")[1], key=lambda r: rank[r["health"]]
        )
        return {"counts": counts, "discovered": 1, "as_of": NOW, "schools": [
            {**{n: r[n] for n in ("id", "key", "health", "reason", "since")},
             **{n: r["values"].get(n) for n in ("name", "short_name", "form", "pupils")},
             "down": sum(d["health"] == "down" and d["values"].get("school") == r["key"]
                         for d in self.records.values() if d["kind"] == "device"),
             "warning": 0}
            for r in schools]}  # fmt: skip

    async def health(self) -> Json:
        await self._answer("health")
        return {"ok": True}

    async def me(self) -> Json:
        await self._answer("me")
        return {"name": "m.weber", "role": self.role, "scope": "all schools",
                "may": sorted(ROLES[self.role].permissions), "read_only": self.forced_read_only,
                "server_version": "0.1.0", "home": "/srv/schoolops"}  # fmt: skip

    async def school_readiness(self, school: str, date: str = "") -> Json:
        await self._answer("school_readiness", school)
        params = {"name": "mdm", "reason": {"message": "no answer", "params": {}}}
        return {
            "level": "limited", "reason": "mdm: no answer", "message": "{name}: {reason}",
            "params": params, "parts": [],
        }  # fmt: skip

    async def room_measurements(self, room: str, limit: int = 50) -> Json:
        await self._answer("room_measurements", (room, limit))
        line = {"uplink": "164800/main", "down_bps": 250_000_000, "up_bps": None, "basis": "test",
                "busy_bps": None, "rtt_ms": 9.0}  # fmt: skip
        return {"room": room, "measurements": [
            {"at": NOW, "device": "ipad", "down_bps": 41_200_000, "up_bps": 12_000_000,
             "latency_ms": 21.4, "jitter_ms": 2.0, "sent": 30, "lost": 1, "late": 0,
             "enough": "video", "narrow": "room", "line": line}]}  # fmt: skip

    async def latest(self, plural: str, id: str) -> Json:
        await self._answer("latest", (plural, id))
        record = self.find(plural, id)
        if plural == "rooms":
            return {"devices": [
                {"id": d["id"], "key": d["key"], "name": d["values"]["name"],
                 "kind": d["values"]["kind"], "health": d["health"], "reason": d["reason"],
                 "values": {"clients": 17, "rx_bytes": 5}
                 if d["values"]["kind"] == "access-point" else {}}
                for d in self.records.values()
                if d["kind"] == "device" and d["values"].get("room") == record["key"]]}  # fmt: skip
        if plural == "uplinks":
            return {"observed": NOW, "received": NOW, "freshness": "fresh", "values": {
                "uplink": "main", "connect_ms": 11.2, "jitter_ms": 1.4, "loss_percent": 0.0,
                "test_down_bps": 6.1e8, "test_up_bps": 4.9e8, "reachable": True}}  # fmt: skip
        return {"observed": NOW, "received": NOW, "freshness": "fresh",
                "values": {"clients": 17, "cpu_percent": 23.5, "uptime_s": 356_000.0}}  # fmt: skip

    async def series(self, plural: str, id: str, metric: str, since: int = 3600) -> Json:
        await self._answer("series", (id, metric, since))
        values = [abs((n * 7) % 23 - 11) for n in range(60)]
        times = [n * since // 60 for n in range(60)]
        return {"metric": metric, "unit": "", "step_s": since // 60, "since": 0, "until": since,
                "times": times, "values": values, "least": values, "most": values}  # fmt: skip

    async def history(self, plural: str, id: str, before: int = 0) -> Json:
        await self._answer("history", id)
        return {"placements": [{"school": "164800", "room": "164800/2.14", "from": NOW,
                                "until": None, "by": "m.weber", "note": "installed"}],
                "created": {"at": NOW, "by": "a.klein"}, "more": False,
                "changes": [{"number": 7, "at": NOW, "by": "m.weber", "how": "import",
                             "note": "geräte.csv", "fields": {"notes": [None, "by the door"]}}],
                }  # fmt: skip

    async def changes(self, after: int | None = None) -> AsyncIterator[Any]:
        place = self.seq if after is None else after
        self.calls.append(("changes", None))
        yield Ping(place)
        while True:
            if self.broken:
                raise Offline("the stream has ended")
            for change in [c for c in self._stream if c.seq > place]:
                place = change.seq
                yield change
            self._news.clear()
            await self._news.wait()

    def cut(self) -> None:
        """Pull the plug: the stream ends and every call fails."""
        self.broken = True
        self._news.set()

    # ---- writing ------------------------------------------------------------------------

    def _check(self, record: Json, version: int) -> None:
        if record["version"] != version:
            raise ApiError(409, "estate.stale", "somebody changed it meanwhile", {
                "changed_by": "a.kaya", "changed_at": NOW, "current": record,
                "changes": {"name": ["theirs", "mine"]}})  # fmt: skip

    async def edit(self, plural: str, id: str, version: int, values: Json) -> Json:
        await self._answer("edit", (id, version, values))
        record = self.find(plural, id)
        self._check(record, version)
        record["values"].update(values)
        record["version"] += 1
        self.tell(record["kind"], record["id"])
        return record

    async def create(self, plural: str, values: Json) -> Json:
        await self._answer("create", (plural, values))
        kind, _more = find_kind(plural)
        return self.add(kind.name, kind.make_key(values, values), **values)

    async def move(self, id: str, version: int, room: str | None, school: str | None = None,
                   note: str = "") -> Json:  # fmt: skip
        await self._answer("move", (id, room, note))
        record = self.find("devices", id)
        self._check(record, version)
        record["values"]["room"] = room
        record["version"] += 1
        return record

    async def retire(self, plural: str, id: str, version: int, reason: str) -> Json:
        await self._answer("retire", (id, reason))
        record = self.find(plural, id)
        self._check(record, version)
        record |= {"retired": True, "version": version + 1}
        self.tell(record["kind"], record["id"])
        return record

    async def reinstate(self, plural: str, id: str, version: int) -> Json:
        record = self.find(plural, id)
        record["retired"] = False
        return record

    async def bulk(self, plural: str, *, ids: Sequence[str] | None = None, q: str | None = None,
                   values: Json | None = None, retire: bool = False, reason: str = "",
                   expect: int | None = None, dry_run: bool = False) -> Json:  # fmt: skip
        await self._answer("bulk", {"ids": ids, "q": q, "values": values, "retire": retire,
                                    "expect": expect, "dry_run": dry_run})  # fmt: skip
        found = ([self.records[i] for i in ids] if ids is not None
                 else self._found(plural, q or "")[1])  # fmt: skip
        rows = []
        for record in found:
            new = {**record["values"], **(values or {})}
            same = not retire and new == record["values"]
            rows.append({"id": record["id"], "key": record["key"], "reason": "",
                         "outcome": "same" if same else "changed"})  # fmt: skip
            if not dry_run:
                record["retired"] = record["retired"] or retire
                record["values"].update(values or {})
        number = sum(row["outcome"] == "same" for row in rows)
        return {"changed": len(rows) - number, "same": number, "refused": 0, "rows": rows}

    async def export(self, plural: str, q: str, format: str,
                     columns: Sequence[str] | None = None) -> bytes:  # fmt: skip
        await self._answer("export", (plural, q, format))
        return "".join(f"{r['key']}\n" for r in self._found(plural, q)[1]).encode()

    async def download_link(self, plural: str, q: str, format: str,
                            columns: Sequence[str] | None = None) -> Json:  # fmt: skip
        await self._answer("download_link", (plural, q, format))
        return {"url": "https://server/v1/downloads/abc", "expires": NOW}

    async def import_file(self, plural: str, filename: str, data: bytes, dry_run: bool,
                          mapping: dict[str, str] | None = None) -> Json:  # fmt: skip
        await self._answer("import", (plural, filename, dry_run))
        return {"new": 1, "changed": 0, "same": 0, "refused": 0, "dry_run": dry_run,
                "mapping": {}, "ignored": [],
                "rows": [{"row": 2, "key": "X1", "outcome": "new", "reason": ""}]}  # fmt: skip

    async def invite(self, school: str, name: str = "") -> Json:
        await self._answer("invite", (school, name))
        return {"code": "ABCD-EFGH-JKLM", "agent": "a2", "expires": NOW}

    async def revoke(self, id: str, reason: str = "") -> None:
        await self._answer("revoke", id)
        self.find("agents", id)["values"]["state"] = "revoked"

    async def ask_agent(self, id: str, kind: str, arguments: Json) -> Json:
        await self._answer("ask_agent", (id, kind, arguments))
        if arguments.get("device") == "nothing":
            text = "the agent's school has no device nothing"
            raise ApiError(404, "estate.not_found", text, {"message": text, "params": {}})
        return {"id": "c1", "state": "waiting", "text": None}

    async def commands(self, id: str) -> list[Json]:
        await self._answer("commands", id)
        state = self.command_state
        return [{"id": "c1", "state": state, "text": "up 93.1, down 812.4 Mbit/s"}]

    async def adopt(self, id: str, values: Json) -> Json:
        await self._answer("adopt", (id, values))
        return self.add("device", "NEW1", **values)

    async def ignore(self, id: str) -> None:
        await self._answer("ignore", id)

    async def tokens(self) -> list[Json]:
        await self._answer("tokens")
        return list(self.people)

    async def create_token(self, name: str, role: str, *, schools: Sequence[str] | None = None,
                           authority: str | None = None, days: int = 365) -> Json:  # fmt: skip
        await self._answer("create_token", (name, role))
        self.people.append({"name": name, "role": role})
        return {"token": "sot_example", "name": name}

    async def revoke_token(self, name: str) -> None:
        await self._answer("revoke_token", name)

    async def end_sessions(self, who: str) -> None:
        await self._answer("end_sessions", who)

    async def explain_access(self, permission: str, *, who: str = "", school: str = "",
                             class_name: str = "", field_class: str = "") -> Json:  # fmt: skip
        await self._answer("explain_access", (permission, who, school, class_name))
        held = {"source": "teacher", "scope": "schools 164800", "until": None, "opens": [],
                "message": "schools {numbers}", "params": {"numbers": "164800"},
                "permissions": ["contacts.read", "estate.read"]}  # fmt: skip
        lent = {**held, "source": "delegation 7", "until": "2026-12-04T17:00:00Z",
                "permissions": ["passwords.reset"]}  # fmt: skip
        by = [one for one in (held, lent) if permission in one["permissions"]]
        source = "Teacher" if by[:1] == [held] else "delegation"
        why = {"permission": permission, "sources": {"message": source, "params": {}}}
        no = {"permission": permission, "role": {"message": "Teacher", "params": {}},
              "roles": {"message": "Auditor", "params": {}}}  # fmt: skip
        return {
            "who": who or "m.weber", "permission": permission, "allowed": bool(by), "by": by,
            "holds": [held, lent], "reason": f"{permission} comes from {source}",
            "message": "{permission} comes from {sources}" if by
            else "{role} does not include {permission}; it comes with: {roles}",
            "params": why if by else no,
        }  # fmt: skip

    async def delegate(self, receiver: str, permissions: Sequence[str], *, school: str,
                       until: str, reason: str, class_name: str = "") -> Json:  # fmt: skip
        given = (receiver, list(permissions), school, class_name, until, reason)
        await self._answer("delegate", given)
        if receiver == "nobody":
            raise ApiError(404, "account.unknown", "nobody called 'nobody' has signed in here yet")
        return {"id": "grant-2", "receiver": receiver, "until": until}

    async def revoke_delegation(self, id: str) -> None:
        await self._answer("revoke_delegation", id)
        self.find("delegations", id)["values"]["state"] = "revoked"

    async def ask_emergency(self, school: str, permissions: Sequence[str], *, hours: int,
                            reason: str) -> Json:  # fmt: skip
        await self._answer("ask_emergency", (school, list(permissions), hours, reason))
        return {"id": "asked-9", "state": "open", "until": "2026-11-25T07:00:00Z"}

    async def decide(self, id: str, approve: bool, note: str = "") -> Json:
        await self._answer("decide", (id, approve, note))
        state = "approved" if approve else "rejected"
        self.find("approvals", id)["values"] |= {"state": state, "waiting": False}
        self.tell("approval", id)
        return {"id": id, "state": state}

    async def withdraw(self, id: str) -> None:
        await self._answer("withdraw", id)
        self.find("approvals", id)["values"] |= {"state": "withdrawn", "waiting": False}
        self.tell("approval", id)

    async def incident(self, id: str) -> Json:
        await self._answer("incident", id)
        values = self.find("incidents", id)["values"]
        alert = {"rule": values["rule"], "kind": "uplink", "key": "164800/main",
                 "school": "164800", "severity": values["severity"], "text": "line does not answer",
                 "text_de": "Leitung antwortet nicht", "since": NOW, "until": None}  # fmt: skip
        schools = [{"number": n, "name": name, "since": NOW, "until": None, "devices": 40}
                   for n, name, *_rest in SCHOOLS[: values["schools"]]]  # fmt: skip
        return {**values, "id": id, "kind": "uplink", "key": "164800/main", "opened": NOW,
                "school_name": values.get("school_name", ""), "alerts": [alert],
                "schools": schools, "events": [
                    {"at": NOW, "by": "", "what": "opened", "school": "", "text": ""},
                    {"at": NOW, "by": "a.klein", "what": "note", "school": "",
                     "text": "the provider digs"}]}  # fmt: skip

    async def fault_report(self, id: str, language: str = "de") -> Json:
        await self._answer("fault_report", (id, language))
        return {"language": language, "subject": "Fault of line D-164800",
                "text": "No answer since 07:00.\n\nMeasured: 0 of 40 probes.\n"}  # fmt: skip

    async def act_on_incident(self, id: str, what: str) -> None:
        await self._answer("act_on_incident", (id, what))
        values = self.find("incidents", id)["values"]
        if what == "claim" and values["claimed_by"] not in ("", "m.weber"):
            text = "{name} has taken this incident; ask whether it is handed over"
            told = {"message": text, "params": {"name": values["claimed_by"]}}
            raise ApiError(409, "incident.claimed", text, told)
        values["claimed_by"] = "m.weber" if what == "claim" else ""
        if what != "release":
            values["acknowledged_by"] = values["acknowledged_by"] or "m.weber"
        self.tell("incident", id)

    async def alert_rules(self) -> Json:
        await self._answer("alert_rules")
        rule = {"id": "line-down", "about": "uplink", "when": "not reachable", "until": "",
                "for_lessons_s": 120, "for_otherwise_s": 3600, "severity_lessons": "critical",
                "severity_otherwise": "warning", "text": "no connection",
                "text_de": "keine Verbindung", "source": "schoolops", "open_alerts": 1}  # fmt: skip
        return {"rules": [rule], "problem": "", "problems": self.rule_problems}

    async def try_rules(self, school: str, hours: int = 24) -> Json:
        await self._answer("try_rules", (school, hours))
        return {"school": school, "since": NOW, "until": NOW, "alerts": [
            {"rule": "line-down", "severity": "critical", "text": "line main does not answer",
             "since": NOW, "fired": NOW, "until": None}]}  # fmt: skip

    async def plan(self, plural: str, new: Json) -> Json:
        await self._answer("plan", (plural, new))
        if new.get("room") and not new.get("school"):
            text = "a room belongs to a school; say which"
            raise ApiError(422, "estate.invalid", text, {"message": text, "params": {}})
        kind = {"windows": "window", "on-calls": "on-call"}[plural]
        made = self.add(kind, f"w-{self.seq}", **new | {"state": "planned"})
        self.tell(kind, made["id"])
        return {"id": made["id"]}

    async def end_planned(self, plural: str, id: str) -> None:
        await self._answer("end_planned", (plural, id))
        self.find(plural, id)["values"]["state"] = "ended"
        self.tell(find_kind(plural)[0].name, id)

    async def lines(self, month: str = "") -> Json:
        await self._answer("lines", month)
        return {"month": "2026-11", "lines": [
            {"id": f"uplink-{number}-main", "key": f"{number}/main", "school": number,
             "school_name": name, "provider": "Stadtnetz", "circuit": f"D-{number}",
             "contract_end": "2027-03-31", "booked_down_bps": 10**9, "booked_up_bps": 5 * 10**8,
             "down_bps": 6.1e8 if number == "164574" else None, "up_bps": None, "tests": 3,
             "measured": 0.97, "availability": 0.995, "outages": 0,
             "verdict": "missed" if number == "164574" else "unknown"}
            for number, name, *_rest in SCHOOLS]}  # fmt: skip

    async def note_incident(self, id: str, text: str) -> None:
        await self._answer("note_incident", (id, text))

    async def set_secret(self, id: str, secret: str, secret2: str = "") -> None:
        await self._answer("set_secret", id)

    async def audit_verify(self) -> Json:
        await self._answer("audit_verify")
        return {"ok": True, "events": 12, "head": "00"}

    async def aclose(self) -> None:
        return None
