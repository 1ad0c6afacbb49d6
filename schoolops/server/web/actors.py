"""Who somebody is on the pages."""

from __future__ import annotations

from inventory.sentences import say
from schoolops.core.errors import Forbidden
from schoolops.core.permissions import Actor
from schoolops.db.engine import Store
from schoolops.identity.accounts import actor_of_claims, waits_for_passkey
from schoolops.identity.oidc import Claims


def actor_of(store: Store, claims: Claims) -> Actor:
    """The actor of verified claims. Raises `Forbidden` for an account that may do nothing yet.

    An administrator without passkey is nobody, neither by other roles nor by rights for a time:
    at the sign-in Keycloak insists on the key, so this is a first one, or a role that is new.
    """
    actor = actor_of_claims(store, claims)
    if waits_for_passkey(claims.groups, strong=claims.strong):
        raise Forbidden(
            say("your role needs a sign-in with a passkey; sign in again with it"),
            code="auth.passkey_needed",
        )
    if not actor.grants:
        raise Forbidden(
            say(
                "your account {name} has no school and no task here yet; ask your administrator",
                name=claims.username,
            ),
            code="auth.no_access",
        )
    return actor
