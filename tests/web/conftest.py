"""One small city behind one server for all tests of the pages that change nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.peers.keycloak import ADMIN as ADMIN_OF_KEYCLOAK
from tests.peers.keycloak import PASSWORD, Keycloak
from tests.peers.postgres import free_port
from tests.web.browser import Served, chromium, copy_of, serve
from tests.web.city import fill

if TYPE_CHECKING:
    from keycloak import KeycloakAdmin

    from schoolops.core.settings import Settings

__all__ = ["chromium"]

CITY = {
    "SCHOOLOPS_CITY": "Beispielstadt",
    "SCHOOLOPS_PORTAL__NAME": "Schulportal Beispielstadt",
    "SCHOOLOPS_PORTAL__SUPPORT": "0221 4710 199, schul-it@beispielstadt.example",
    "SCHOOLOPS_PORTAL__OPERATOR": "Beispielstadt, Schulamt\nMusterplatz 1, 99999 Beispielstadt",
    "SCHOOLOPS_PORTAL__PRIVACY_OFFICER": "Datenschutz der Stadt\ndatenschutz@beispielstadt.example",
    "SCHOOLOPS_PORTAL__ACCESSIBILITY_CONTACT": "barrierefrei@beispielstadt.example",
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
    return served.session("Alex Admin", groups=ADMIN, strong=True)


@pytest.fixture(scope="session")
def secretary(served: Served) -> str:
    """The cookie of somebody at one school."""
    return served.session("Deniz Öztürk", groups=["/schools/164800/secretary"])


@dataclass
class SignedCity:
    """A city whose people sign in with a real Keycloak of their own realm."""

    served: Served
    keycloak: Keycloak
    settings: Settings
    ids: dict[str, str]
    """User name → Keycloak's id."""

    def admin(self) -> AbstractContextManager[KeycloakAdmin]:
        from schoolops.identity.keycloak.admin import as_service

        return as_service(self.settings.identity)


SECRET = "Sonnenblume-2026"
PEOPLE = {
    # name: (first, last, groups, classes)
    "ada": ("Ada", "Admin", ("/city/authority-admin",), []),
    "l.lehmann": ("Lena", "Lehmann", ("/schools/164800/teacher",), ["164800/5a"]),
    "s.admin": ("Sami", "Schuladmin", ("/schools/164800/secretary",), []),
    "mia.m": ("Mia", "Muster", ("/schools/164800/pupil",), ["164800/5a"]),
    "ali.b": ("Ali", "Beispiel", ("/schools/164800/pupil",), ["164800/5a"]),
    "jo.c": ("Jo", "Chang", ("/schools/164800/pupil",), ["164800/6b"]),
    "eli.d": ("Eli", "Demir", ("/schools/164811/pupil",), ["164811/7c"]),
}


@contextmanager
def signed_city(keycloak: Keycloak, database: Path, home: Path) -> Iterator[SignedCity]:
    """Bootstrap a realm, let people in it, and serve the pages at the address it knows."""
    from schoolops.core.settings import load_settings
    from schoolops.identity.keycloak import bootstrap
    from schoolops.identity.keycloak.admin import as_administrator

    copy_of(database, home)
    port = free_port()
    environment = {
        **CITY,
        "SCHOOLOPS_HOME": str(home),
        "SCHOOLOPS_IDENTITY__ISSUER": keycloak.issuer(keycloak.new_realm()),
        "SCHOOLOPS_SERVER__PUBLIC_URL": f"http://localhost:{port}",
        "SCHOOLOPS_SERVER__PORT": str(port),
        # A test's own home is another one.
        "SCHOOLOPS_IDENTITY__ADMIN_SECRET_FILE": str(home / "keys" / "schoolops-admin.secret"),
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        settings = load_settings()
        with as_administrator(settings.identity, ADMIN_OF_KEYCLOAK, PASSWORD) as admin:
            bootstrap.apply(
                admin,
                settings,
                [("164800", "10042"), ("164811", "10042"), ("200000", "20042")],
                lambda step: None,
            )
            ids = {name: _create(admin, name, *PEOPLE[name]) for name in PEOPLE}
    with serve(home, **environment) as running:
        fill(running.store)
        running.url = f"http://localhost:{port}"
        yield SignedCity(running, keycloak, settings, ids)


def _create(
    admin: KeycloakAdmin, name: str, first: str, last: str, groups: tuple[str, ...],
    classes: list[str],
) -> str:  # fmt: skip
    return str(
        admin.create_user({
            "username": name, "firstName": first, "lastName": last, "enabled": True,
            "email": f"{name}@164800.schule.example", "emailVerified": True,
            "attributes": {"classes": classes},
            "groups": list(groups),
            "credentials": [{"type": "password", "value": SECRET, "temporary": False}],
        })
    )  # fmt: skip


@pytest.fixture(scope="session")
def signed(
    keycloak: Keycloak, migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[SignedCity]:
    """One such city for all tests that leave Keycloak running."""
    home = tmp_path_factory.mktemp("signed") / "home"
    with signed_city(keycloak, migrated_sqlite, home) as city:
        yield city
