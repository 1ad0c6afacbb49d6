"""One realm for all tests of a run: made by the bootstrap, with some people in it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from schoolops.core.settings import Settings, load_settings
from schoolops.identity.keycloak import bootstrap
from schoolops.identity.keycloak.admin import as_administrator
from schoolops.identity.oidc import Provider
from tests.peers.keycloak import ADMIN, PASSWORD, Keycloak
from tests.web.browser import chromium

__all__ = ["chromium"]

SCHOOLS = [("164800", "10042"), ("164811", "10042"), ("100000", "10050")]
PORTAL = "https://schoolops.example"
SECRET = "correct-horse-battery"


@dataclass
class City:
    """A realm with people: `mia` teaches 5a, `ada` administrates, `kim` is a pupil of 5a."""

    settings: Settings
    realm: str
    home: Path
    keycloak: Keycloak

    def environment(self) -> dict[str, str]:
        return {
            "SCHOOLOPS_IDENTITY__ISSUER": self.settings.identity.issuer,
            "SCHOOLOPS_SERVER__PUBLIC_URL": PORTAL,
        }


def person(username: str, group: str, *classes: str) -> dict[str, Any]:
    return {
        "username": username, "firstName": username.title(), "lastName": "Beispiel",
        "enabled": True, "groups": [group], "attributes": {"classes": list(classes)},
        "credentials": [{"type": "password", "value": SECRET, "temporary": False}],
    }  # fmt: skip


def found(keycloak: Keycloak, home: Path) -> City:
    """Make a realm with people in it; its secrets go into that home."""
    realm = keycloak.new_realm()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SCHOOLOPS_HOME", str(home))
        patch.setenv("SCHOOLOPS_IDENTITY__ISSUER", keycloak.issuer(realm))
        patch.setenv("SCHOOLOPS_SERVER__PUBLIC_URL", PORTAL)
        settings = load_settings()
        with as_administrator(settings.identity, ADMIN, PASSWORD) as admin:
            bootstrap.apply(admin, settings, SCHOOLS, lambda _: None)
            admin.create_user(person("mia", "/schools/164800/teacher", "164800/5a"))
            admin.create_user(person("ada", "/city/authority-admin"))
            admin.create_user(person("kim", "/schools/164800/pupil", "164800/5a"))
    return City(settings, realm, home, keycloak)


@pytest.fixture(scope="session")
def founded(keycloak: Keycloak) -> Iterator[City]:
    with tempfile.TemporaryDirectory(prefix="so-city-") as folder:
        yield found(keycloak, Path(folder) / "home")


@pytest.fixture
def city(founded: City, home: Path, monkeypatch: pytest.MonkeyPatch) -> City:
    """The realm, with the settings of this test pointing to it."""
    monkeypatch.setenv("SCHOOLOPS_HOME", str(founded.home))
    for name, value in founded.environment().items():
        monkeypatch.setenv(name, value)
    return founded


@pytest.fixture
def provider(city: City) -> Iterator[Provider]:
    made = Provider(city.settings.identity)
    yield made
    made.close()
