"""What the audit calls people whose ids the identity provider told: by ours where there is one."""

from __future__ import annotations

from schoolops.core.clock import FixedClock
from schoolops.db.engine import Store
from schoolops.identity.accounts import find_account, known_as
from tests.identity.signed_in import HOME, people_of


def test_who_has_signed_in_is_known_by_our_id_and_others_by_the_providers(
    store: Store, clock: FixedClock
) -> None:
    people_of(store, clock).sign_in("cem", f"/schools/{HOME}/pupil")
    with store.read() as connection:
        uid = find_account(connection, "cem").uid
        assert known_as(connection, ["sub-new", "sub-cem"]) == ["sub-new", uid]
