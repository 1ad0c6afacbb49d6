"""What the sample city lacks for docs/screens: people who signed in, and what they did.

The demo has no Keycloak. Its people sign in here as they do there, by claims; names are invented.
"""

from __future__ import annotations

import time

from schoolops.client import connect
from schoolops.core.permissions import Actor
from schoolops.core.settings import load_settings
from schoolops.db.engine import Store
from schoolops.identity import approvals, delegations, emergency
from schoolops.identity.accounts import actor_of_claims
from schoolops.identity.oidc import Claims

SCHOOL, OTHER = "100286", "100481"
PEOPLE = (
    # user name, name, groups, classes
    ("a.klein", "Anna Klein", ("/city/technician",), ()),
    ("d.oeztuerk", "Deniz Öztürk", (f"/schools/{SCHOOL}/secretary",), ()),
    ("h.vogel", "Henrike Vogel", ("/city/data-protection-officer",), ()),
    ("j.reuter", "Jonas Reuter", (f"/schools/{OTHER}/school-admin",), ()),
    ("m.weber", "Mia Weber", ("/city/authority-admin",), ()),
    ("n.sommer", "Nadja Sommer", (f"/schools/{SCHOOL}/media-coordinator",), ()),
    ("p.lindner", "Petra Lindner", (f"/schools/{SCHOOL}/head",), ()),
    ("t.kaya", "Theo Kaya", (f"/schools/{SCHOOL}/teacher",), (f"{SCHOOL}/5a", f"{SCHOOL}/7b")),
)
HOUR = 3_600_000_000


def fill() -> None:
    """Let people sign in, hand rights on, ask in an emergency, and change an access point.

    `SCHOOLOPS_HOME` is that of a running demo.
    """
    store = Store.open(load_settings())
    try:
        actors = {name: _sign_in(store, name, *rest) for name, *rest in PEOPLE}
        head, technician = actors["p.lindner"], actors["a.klein"]
        with store.write(head) as unit:
            week = unit.now + 7 * 24 * HOUR
            delegations.delegate(
                unit,
                "n.sommer",
                ["passwords.reset"],
                SCHOOL,
                week,
                "Herr Kaya fehlt",
                "5a",
            )
            delegations.delegate(
                unit,
                "d.oeztuerk",
                ["contacts.write"],
                SCHOOL,
                week,
                "neuer Hausmeister",
            )
            ended = delegations.delegate(
                unit, "t.kaya", ["contacts.read"], SCHOOL, week, "Projektwoche"
            )
            delegations.revoke(unit, ended["id"])
        with store.write(technician) as unit:
            emergency.ask(unit, SCHOOL, ["estate.write"], 2, "die ganze Schule ist offline")
        with store.write(technician) as unit:
            done = emergency.ask(unit, OTHER, ["contacts.read"], 1, "Hotline antwortet nicht")
        with store.write(actors["m.weber"]) as unit:
            approvals.decide(unit, done["id"], approve=False, note="Hausmeister ist unterwegs")
    finally:
        store.close()
    _change_an_access_point()


def _sign_in(
    store: Store, username: str, name: str, groups: tuple[str, ...], classes: tuple[str, ...]
) -> Actor:
    now = int(time.time())
    return actor_of_claims(
        store,
        Claims("https://login.example/realms/city", f"sub-{username}", username, name,
               f"{username}@example.org", groups, classes, f"s-{username}", now + 300, True, now),
    )  # fmt: skip


def _change_an_access_point() -> None:
    with connect() as client:
        page = client.page("access-points", q=f"school:{SCHOOL} health:down", limit=1)
        id = str(page.rows[0][0])
        for values in ({"notes": "fällt seit Montag aus"}, {"warranty_until": "2030-06-30"}):
            record = client.get("devices", id)
            client.edit("devices", id, record["version"], values)
        record = client.get("devices", id)
        rooms = client.page("rooms", q=f"school:{SCHOOL}", limit=5)
        keys = [str(row[1]) for row in rooms.rows if row[1] != record["values"]["room"]]
        back = record["values"]["room"]
        for room, note in ((keys[0], "zum Prüfen abgenommen"), (back, "wieder aufgehängt")):
            client.move(id, client.get("devices", id)["version"], room, SCHOOL, note)
