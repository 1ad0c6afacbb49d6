"""`schoolops doctor` looks at the sign-in: what is wrong with Keycloak, and what to do."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import pytest

from schoolops.cli._check_sign_in import check_sign_in
from schoolops.cli._checks import run_checks
from schoolops.core.settings import Settings, load_settings
from tests.identity.conftest import City
from tests.peers.postgres import free_port


@pytest.fixture
def settings(city: City, home: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """The realm's settings, with the clients' secrets in a home of this test."""
    shutil.copytree(city.home / "keys", home / "keys")
    monkeypatch.setenv("SCHOOLOPS_HOME", str(home))
    return load_settings()


def test_a_realm_that_works_is_good(settings: Settings) -> None:
    (found,) = [check for check in run_checks() if check.check == "sign-in"]
    assert found.state == "ok", found.detail
    assert settings.identity.issuer in found.detail


def test_without_a_realm_it_says_that_none_is_set_up(home: Path) -> None:
    state, said = check_sign_in(Settings())
    assert (state, "not set up" in said) == ("ok", True)


def test_a_realm_that_is_missing_wants_the_bootstrap(settings: Settings) -> None:
    settings.identity.issuer += "-else"
    state, said = check_sign_in(settings)
    assert state == "fail"
    assert "no realm" in said
    assert "identity bootstrap --apply" in said


def test_a_realm_under_another_name_is_told(settings: Settings) -> None:
    settings.identity.issuer = settings.identity.issuer.replace("localhost", "127.0.0.1")
    state, said = check_sign_in(settings)
    assert (state, "calls itself" in said) == ("fail", True)


def test_secrets_must_be_there_be_closed_and_be_good(settings: Settings) -> None:
    for name in ("schoolops-web", "schoolops-admin"):
        file = settings.home / "keys" / f"{name}.secret"
        good = file.read_text()
        file.chmod(0o644)
        state, said = check_sign_in(settings)
        assert (state, f"chmod 600 '{file}'" in said) == ("fail", True)
        file.unlink()
        state, said = check_sign_in(settings)
        assert (state, f"{file} is missing; run: schoolops identity" in said) == ("fail", True)
        file.write_text("another")
        file.chmod(0o600)
        state, said = check_sign_in(settings)
        assert (state, f"refuses {name}" in said) == ("fail", True)
        assert "another" not in said
        file.write_text(good)
    assert check_sign_in(settings)[0] == "ok"


def test_a_clock_that_is_off_is_told(settings: Settings) -> None:
    state, said = check_sign_in(settings, now=lambda: time.time() - 300)
    assert state == "fail"
    assert "+300 s" in said or "+301 s" in said
    assert check_sign_in(settings, now=lambda: time.time() + 10)[0] == "ok"


def test_a_keycloak_that_is_stopped_fails(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCHOOLOPS_IDENTITY__ISSUER", f"http://localhost:{free_port()}/realms/city")
    (found,) = [check for check in run_checks() if check.check == "sign-in"]
    assert found.state == "fail"
    assert "start Keycloak" in found.detail
