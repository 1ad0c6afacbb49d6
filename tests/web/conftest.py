"""One small city behind one server for all tests of the pages that change nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.peers.keycloak import keycloak
from tests.web.browser import Served, chromium, copy_of, serve
from tests.web.city import fill

__all__ = ["chromium", "keycloak"]

CITY = {
    "SCHOOLOPS_CITY": "Köln",
    "SCHOOLOPS_PORTAL__NAME": "Schulportal Köln",
    "SCHOOLOPS_PORTAL__SUPPORT": "0221 221-0, schul-it@koeln.example",
    "SCHOOLOPS_PORTAL__OPERATOR": "Stadt Köln, Amt für Schulentwicklung\nMusterplatz 1, 50679 Köln",
    "SCHOOLOPS_PORTAL__PRIVACY_OFFICER": "Datenschutz der Stadt Köln\ndatenschutz@koeln.example",
    "SCHOOLOPS_PORTAL__ACCESSIBILITY_CONTACT": "barrierefrei@koeln.example",
    "SCHOOLOPS_PORTAL__ACCENT": "#b3122d",
}
ADMIN = ["/city/authority-admin"]


@pytest.fixture(scope="session")
def served(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The pages of a city without Keycloak."""
    home = tmp_path_factory.mktemp("portal") / "home"
    copy_of(migrated_sqlite, home)
    with serve(home, **CITY) as running:
        fill(running.store)
        yield running


@pytest.fixture(scope="session")
def admin(served: Served) -> str:
    """The cookie of an administrator of the city."""
    return served.session("Alex Admin", groups=ADMIN)


@pytest.fixture(scope="session")
def secretary(served: Served) -> str:
    """The cookie of somebody at one school."""
    return served.session("Deniz Öztürk", groups=["/schools/164800/secretary"])
