"""Who somebody is here, by the groups that Keycloak has them in."""

from __future__ import annotations

from inventory.sentences import say
from schoolops.core.errors import Forbidden
from schoolops.core.permissions import Actor
from schoolops.db.engine import Store
from schoolops.identity.oidc import Claims

_CITY = {"authority-admin": "administrator", "service-provider": "operator", "auditor": "auditor"}


def actor_of(store: Store, claims: Claims) -> Actor:
    """The actor of verified claims. Raises `Forbidden` for an account without any group."""
    schools = set()
    for group in claims.groups:
        parts = group.strip("/").split("/")
        if parts[0] == "city" and parts[-1] in _CITY:
            return Actor(claims.username, _CITY[parts[-1]])
        if parts[0] == "schools" and len(parts) == 3:
            schools.add(parts[1])
    if not schools:
        raise Forbidden(
            say(
                "your account {name} has no school and no task here yet; ask your administrator",
                name=claims.username,
            ),
            code="auth.no_access",
        )
    return Actor(claims.username, "school", None, frozenset(schools))
