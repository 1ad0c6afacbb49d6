"""The realm is planned first, made whole, and then left alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from schoolops.core.settings import Settings, load_settings
from schoolops.identity.keycloak import bootstrap
from schoolops.identity.keycloak.admin import as_administrator, as_service
from schoolops.identity.keycloak.steps import CREATE, SAME, Step
from tests.peers.keycloak import ADMIN, PASSWORD, Keycloak

pytestmark = pytest.mark.timeout(240)

SCHOOLS = [("164800", "10042"), ("164811", "10042"), ("100000", "10050")]


@pytest.fixture
def settings(keycloak: Keycloak, home: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("SCHOOLOPS_IDENTITY__ISSUER", keycloak.issuer(keycloak.new_realm()))
    monkeypatch.setenv("SCHOOLOPS_SERVER__PUBLIC_URL", "https://schoolops.example")
    return load_settings()


def marks(steps: list[Step]) -> set[str]:
    return {step.mark for step in steps}


def test_a_realm_is_made_whole_and_a_second_run_changes_nothing(
    settings: Settings, home: Path
) -> None:
    told: list[Step] = []
    with as_administrator(settings.identity, ADMIN, PASSWORD) as admin:
        assert marks(bootstrap.plan(admin, settings, SCHOOLS)) == {CREATE}
        assert not (home / "keys").exists(), "a plan writes nothing"
        bootstrap.apply(admin, settings, SCHOOLS, told.append)
        again = bootstrap.plan(admin, settings, SCHOOLS)
        assert [step for step in again if step.mark != SAME] == []
        assert bootstrap.apply(admin, settings, SCHOOLS, told.append) == 0
        bound = {group["path"] for group in admin.get_realm_role_groups("passkey-required")}
        assert admin.get_group_by_path("/schools/164800/teacher")
    assert {"/city/authority-admin", "/authorities/10050/authority-admin"} <= bound
    assert not [path for path in bound if path.endswith(("teacher", "pupil"))]
    secret = home / "keys" / "schoolops-web.secret"
    assert secret.stat().st_mode & 0o077 == 0
    assert len(secret.read_text()) > 20
    assert "12 groups" not in [step.what for step in told]
    with as_service(settings.identity) as service:
        assert service.get_users({}) == []
