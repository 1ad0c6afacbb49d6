"""How generated requests come to mean something: ids, filters and values of a small estate."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis.strategies import booleans, lists, sampled_from

from agents.protocol import REPORTS
from inventory.fields import Field, Type
from inventory.kinds import BY_PLURAL, DEVICE, KINDS, find_kind
from schoolops.web.shapes import LARGEST
from tests.server.two_schools import AUTHORITIES, OTHER, OWN, World

Draw = Callable[[Any], Any]
"""Draws from a strategy of hypothesis."""

PLACES: dict[str, list[str]] = {
    "q": ["", "ipad", "retired:yes", "health:ok,down", "school:164800 -name:x", "seats>20",
          "updated>1d", "Raum", "latitude>99999999999999999999999", "key:x id:7", "macs:aa",
          "mine:yes", "reports>99999999999999999999", "contract_down_bps>9T"],
    "sort": ["", "key", "-name", "id", "-school", "health", "-until"],
    "columns": ["", "name,school", "school_name,retired,updated", "health,observed,freshness"],
    "metric": ["cpu_percent", "rx_bps", "connect_ms"],
    "filename": ["x.csv", "x.xlsx", "x.json"],
    "mapping": ["", '{"Name": "name"}', '{"a": "b"}'],
    "permission": ["estate.read", "contacts.read"],
    "who": ["", "konto.Eigen", "konto.Fremd"],
    "school": ["", OWN, OTHER],
    "before": ["0", "5", str(LARGEST)],
    "offset": ["0", "1", str(LARGEST)],
    "after": ["0", str(LARGEST)],
}  # fmt: skip
"""Parameter of a query → what means something."""

MEANT: dict[str, list[Any]] = {
    "version": [1, 1, 2, LARGEST],
    "school": [OWN, OTHER],
    "permissions": [["estate.read"]],
    "authority": [None, AUTHORITIES[OWN]],
    "role": ["viewer", "secretary"],
    "schools": [[OWN], None],
    "days": [1, 365],
    "hours": [1],
    "until": ["2026-12-01T00:00:00Z", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00+14:00"],
    "reason": ["the school is dark", "a\0b", "ä" * 400],
    "note": ["", "x"],
    "receiver": ["konto.Eigen"],
    "plural": ["rooms", "ipads", "audit", "accounts"],
    "format": ["csv", "xlsx", "json"],
    "columns": [[], ["name"]],
    "q": [None, "name:x", ""],
    "room": ["Raum Eigen", f"{OWN}/Raum Eigen", None],
    "name": ["", "N1", "N2", "a\0b"],
    "secret": ["x", "\0", "ß" * 2000],
    "approve": [True, False],
}
"""Field of a body → what means something."""

FILES = [
    "Name;Schulnummer\nRaum 1;164800\nRaum 2;999\n",
    '[{"serial": "S1", "kind": "ipad", "school": "164800"}, {"serial": "S\\u0000"}]',
    "name\nx\n",
    "Schulnummer,Name\n164800,ä\n164801,\x00\n",
    '[{"name": {"a": 1}}]',
]
"""What is imported."""

THERE = {"school": [OWN], "room": [f"{OWN}/Raum Eigen"], "device": ["SN-Eigen"]}
"""Kind → keys of what is there."""

RIGHT: dict[Type, list[Any]] = {
    Type.REFERENCE: ["nothing"],
    Type.DATE: ["2026-11-24", "0001-01-01", "9999-12-31"],
    Type.MACS: [["aa:bb:cc:dd:ee:ff"], "aabbccddeeff, 11:22:33:44:55:66"],
    Type.ADDRESS: ["10.0.0.1", "fe80::1", "fe80::1%eth0"],
    Type.RATE: ["1G", 100, "999999999999999"],
    Type.EMAIL: ["a@b.example"],
    Type.INTEGER: [0, 7, 999999999999999, -1],
    Type.DECIMAL: [1.5, 1e308, -0.0, "٣"],
    Type.BOOLEAN: [True],
    Type.TEXT: ["x", "Name", "a/b", "ẞ", "x" * 3000],
}
"""Type of a field → values that are right, or nearly."""


def lead(draw: Draw, case: Any, world: World) -> None:
    """Turn a request towards something that is there."""
    path, query = case.path_parameters, case.query
    plural = path.get("plural") or path.get("subject") or case.path.split("/")[2]
    kind = find_kind(plural)[0] if plural in BY_PLURAL or "plural" in path else KINDS["school"]
    if "id" in path:
        places = [
            *(world.ids.get((kind.name, at), "1") for at in (OWN, OTHER)),
            f"{OWN}/Raum Eigen",
        ]
        path["id"] = draw(sampled_from(places))
    for name in list(query):
        if name in PLACES:
            query[name] = draw(sampled_from(PLACES[name]))
    if "ids" in query:
        query["ids"] = ",".join(world.ids.values())
    if "token" in path:
        path["token"] = world.link
    if "name" in path:
        path["name"] = draw(sampled_from(["N1", "N2"]))
    if case.path.endswith("/import"):
        case.body = draw(sampled_from(FILES)).encode()
    if not isinstance(case.body, dict):
        return
    body = case.body
    if "tables" in body:
        case.body = _batch(draw, world)
        return
    for name in body:
        if name in MEANT:
            body[name] = draw(sampled_from(MEANT[name]))
    if "values" in body or case.path.endswith("/adopt"):
        fields = kind.editable_fields() or DEVICE.editable_fields()
        names = draw(lists(sampled_from(fields), max_size=3))
        required = [f for f in fields if f.required or f.name in ("serial", "number")]
        chosen = {field.name: field for field in names}
        if draw(booleans()):
            chosen |= {field.name: field for field in required}
        body["values"] = {name: draw(sampled_from(_right(field))) for name, field in chosen.items()}
    if "ids" in body:
        body["ids"] = draw(sampled_from([None, list(world.ids.values())]))
        body["q"] = None if body["ids"] else "name:x"
        body["expect"] = None


def _right(field: Field) -> list[Any]:
    if field.type is Type.CHOICE:
        return list(field.choices)
    return THERE.get(field.reference or "") or RIGHT[field.type]


NUMBERS = [None, 0, -1, 1.5, 2**31, 2**62, 1e308, 1e-320]
TEXTS = [None, "", "x", "a\0b", "ä" * 400, "10.0.0.1"]
FLAGS = [None, True, False]


def _batch(draw: Draw, world: World) -> dict[str, Any]:
    """Two reports of the agent that is at the school, with values of every size."""
    table = draw(sampled_from(list(REPORTS)))
    columns = {}
    for name, default in REPORTS[table]._field_defaults.items():
        values = sampled_from(TEXTS if default == "" else FLAGS if name == "reachable" else NUMBERS)
        columns[name] = [draw(values), draw(values)]
    good = {"device": "SN-Eigen", "uplink": "Leitung Eigen"}
    for name in columns.keys() & good.keys():
        columns[name] = [good[name]] * 2
    chosen = {name: column for name, column in columns.items() if draw(booleans())}
    first = draw(sampled_from([1, 1, 1, 3, LARGEST]))
    times = [draw(sampled_from([0, world.now, -LARGEST, LARGEST]))] * 2
    return {
        "agent": world.agent,
        "boot": draw(sampled_from(["b1", "b2", "a\0b"])),
        "first_seq": first,
        "last_seq": first + 1,
        "lost_before": draw(sampled_from([0, first])),
        "sent_at": world.now,
        "tables": {table: {"seq": [first, first + 1], "observed_at": times, **chosen}},
    }
