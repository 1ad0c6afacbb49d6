"""The tickets of the city in memory: reported, answered, given, closed."""

from __future__ import annotations

from typing import Any

from schoolops.client import ApiError

Json = dict[str, Any]
NOW = "2026-11-24T07:00:00Z"


class TicketsOfCity:
    """What the city answers about tickets."""

    records: dict[str, Json]
    said: dict[str, list[Json]]
    """Ticket → what was said and done."""
    add: Any
    find: Any
    tell: Any
    _answer: Any

    async def report(self, new: Json) -> Json:
        await self._answer("report", new)
        if new["school"] == "999999":
            text = "there is no school '999999'"
            raise ApiError(404, "estate.not_found", text, {"message": text, "params": {}})
        room = new["room"].partition("/")[2] or new["room"] or None
        made = self.complain(str(4800 + len(self.records)), new["text"], school=new["school"],
                             room=room, device=new["device"] or None, via=new["via"],
                             category=new["category"])  # fmt: skip
        return self._booked(made)

    @staticmethod
    def _booked(record: Json) -> Json:
        values = record["values"]
        return {"id": record["id"], "number": values["number"], "state": values["state"],
                "priority": values["priority"], "joined_to": values["joined_to"]}  # fmt: skip

    def complain(self, number: str, title: str, **values: Any) -> Json:
        """Somebody reports something."""
        usual: Json = {
            "number": int(number), "title": title, "school": "164800", "room": "2.14",
            "device": None, "priority": "P3", "state": "new", "waits_for": "",
            "category": "network", "assigned_to": "", "reporter": "t.kaya", "via": "qr",
            "opened": NOW, "changed": NOW, "incident": None, "joined_to": None,
        }  # fmt: skip
        told = usual | values
        active = told["state"] in ("new", "open", "waiting")
        rank = 4 - int(told["priority"][1])
        made = self.add("ticket", number, **told, active=active, urgency=rank + 10 * active)
        self.said[made["id"]] = [self._entry("opened", title, "reporter", told["reporter"])]
        self.tell("ticket", made["id"], told["school"])
        return made

    @staticmethod
    def _entry(what: str, text: str = "", side: str = "staff", by: str = "m.weber",
               public: bool = True, **data: Any) -> Json:  # fmt: skip
        return {"id": "e", "at": NOW, "by": by, "side": side, "what": what, "public": public,
                "text": text, "data": data}  # fmt: skip

    async def ticket(self, id: str) -> Json:
        await self._answer("ticket", id)
        record = self.find("tickets", id)
        values = record["values"]
        none = {"state": "none", "due": None, "share": 0.0, "left_s": 0, "kept": None}
        due = {
            "state": "running",
            "due": "2026-11-24T10:35:00Z",
            "share": 0.85,
            "left_s": 2100,
            "kept": None,
        }
        fault = None
        if values["incident"]:
            found = self.records[values["incident"]]
            fault = {
                "id": found["id"],
                "ended": None,
                **{
                    name: found["values"][name]
                    for name in ("title", "title_de", "state", "schools")
                },
            }
        point = {"name": "ap-164800-2.14", "health": "ok", "reason": ""}
        return {
            **values, "id": record["id"], "waits_for": values["waits_for"] or None,
            "school_name": values["school_name"], "assigned_to": values["assigned_to"] or None,
            "solved": None, "closed": None, "incident": fault, "links": [],
            "joined": [r["values"]["number"] for r in self.records.values()
                       if r["kind"] == "ticket" and r["values"]["joined_to"] == values["number"]],
            "seen": {"at": NOW, "school": {"health": "ok", "reason": ""},
                     "room": {"name": "2.14", "health": "ok", "reason": ""},
                     "access_points": [point], "uplinks": [], "incidents": []},
            "promises": {"acknowledge": due, "workaround": none, "fix": none},
            "entries": list(self.said[record["id"]]),
        }  # fmt: skip

    async def act_on_ticket(self, id: str, what: str, **given: Any) -> Json:
        await self._answer("act_on_ticket", (id, what, given))
        record = self.find("tickets", id)
        values, entries = record["values"], self.said[record["id"]]
        if given.get("username") == "nobody" or given.get("ticket") == "1":
            text = "nobody called 'nobody' has signed in here yet"
            raise ApiError(404, "account.unknown", text, {"message": text, "params": {}})
        if what == "replies":
            internal = given["internal"]
            entries.append(self._entry("note" if internal else "message", given["text"],
                                       public=not internal))  # fmt: skip
        elif what == "state":
            values |= {"state": given["state"], "waits_for": given.get("waits_for", "")}
            values["active"] = given["state"] in ("new", "open", "waiting")
            entries.append(self._entry("state", to=given["state"]))
        elif what == "assignment":
            values["assigned_to"] = given["username"]
            entries.append(self._entry("assigned", to=given["username"]))
        elif what == "priority":
            values["priority"] = given["priority"]
        elif what == "join":
            values["joined_to"] = int(given["ticket"]) if given["ticket"] else None
        elif what == "incident":
            values["incident"] = given["incident"] or None
        self.tell("ticket", record["id"])
        return self._booked(record)

    async def ticket_answers(self, language: str = "de", ticket: str = "") -> list[Json]:
        await self._answer("ticket_answers", (language, ticket))
        return [{"name": "on-our-way", "title": "We are coming", "text": "We come at ten."}]

    async def tell_all(self, incident: str, text: str) -> Json:
        await self._answer("tell_all", (incident, text))
        return {"tickets": sum(r["values"].get("incident") == incident
                               for r in self.records.values())}  # fmt: skip
