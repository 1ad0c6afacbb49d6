"""People who have signed in, without a realm: made claims, and what the server makes of them."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select

from inventory.kinds import KINDS, find_kind
from schoolops.core.clock import FixedClock
from schoolops.core.permissions import SYSTEM, Actor
from schoolops.db.engine import Store
from schoolops.db.tables import audit_event
from schoolops.estate.listing import lister
from schoolops.estate.service import Inventory
from schoolops.identity import listings  # noqa: F401  (registers its lists)
from schoolops.identity.accounts import actor_of_claims
from schoolops.identity.oidc import Claims

HOME, OTHER = "164800", "164811"
DAY = 86_400_000_000


@dataclass
class People:
    """Sign-ins at a store with two schools of one authority."""

    store: Store
    clock: FixedClock
    claims: dict[str, Claims] = field(default_factory=dict)

    def sign_in(self, username: str, *groups: str, classes: tuple[str, ...] = ()) -> Actor:
        """Somebody signs in by passkey; groups as the provider tells them."""
        self.claims[username] = Claims(
            issuer="https://login.example/realms/schoolops",
            subject=f"sub-{username}",
            username=username,
            name=username.title(),
            email=f"{username}@example.org",
            groups=groups,
            classes=classes,
            session=f"s-{self.clock.now()}",
            expires_at=self.clock.now() // 1_000_000 + 300,
            strong=True,
            issued_at=self.clock.now() // 1_000_000,
        )
        return self.again(username)

    def again(self, username: str) -> Actor:
        """The next request of somebody who is signed in."""
        known = self.claims[username]
        fresh = dataclasses.replace(known, issued_at=self.clock.now() // 1_000_000)
        return actor_of_claims(self.store, fresh)

    def listed(self, actor: Actor, plural: str, q: str = "") -> list[dict[str, Any]]:
        """The rows of a list as the person sees them, best first."""
        kind, _ = find_kind(plural)
        names = [f.name for f in kind.fields]
        with self.store.read(actor) as connection:
            made = lister(kind, connection, actor, self.clock.now())
            page = made.page(kind, q, "", 0, 100, names)
        return [
            {"id": row[0], "key": row[1], **dict(zip(page.columns, row[4:], strict=True))}
            for row in page.rows
        ]

    def events(self) -> list[tuple[str, str]]:
        """Who did what, of the audit, in order."""
        with self.store.read() as connection:
            rows = connection.execute(
                select(audit_event.c.actor, audit_event.c.action).order_by(audit_event.c.id)
            )
            return [(row.actor, row.action) for row in rows]


def people_of(store: Store, clock: FixedClock) -> People:
    """The two schools, and nobody signed in."""
    with store.write(SYSTEM) as unit:
        for number in (HOME, OTHER):
            values = {"number": number, "name": f"Schule {number}", "authority": "10042"}
            Inventory(unit).create(KINDS["school"], values)
    return People(store, clock)
