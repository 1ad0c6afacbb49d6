"""`schoolops login`: the code is confirmed in a real browser; the sign-in is kept and renewed."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.identity.conftest import City, found
from tests.identity.signing import portal
from tests.peers.keycloak import Keycloak, own_keycloak
from tests.web.browser import Served, copy_of, serve

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.timeout(400)


@pytest.fixture
def own(migrated_sqlite: Path, tmp_path: Path) -> Iterator[tuple[City, Served, Keycloak]]:
    """A Keycloak that may be stopped, and a schoolops server that asks it."""
    with own_keycloak() as keycloak:
        home = tmp_path / "server"
        copy_of(migrated_sqlite, home)
        city = found(keycloak, home)
        with serve(home, **city.environment()) as served:
            yield city, served, keycloak


@pytest.fixture
def served(keycloak: Keycloak, migrated_sqlite: Path, tmp_path: Path) -> Iterator[Served]:
    """A schoolops server and its realm, at the Keycloak that all tests share."""
    home = tmp_path / "server"
    copy_of(migrated_sqlite, home)
    with serve(home, **found(keycloak, home).environment()) as running:
        yield running


def start(*words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "schoolops.cli", *words],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL,
        text=True, env=dict(os.environ),
    )  # fmt: skip


def run(*words: str) -> tuple[int, str, str]:
    process = start(*words)
    out, err = process.communicate(timeout=60)
    assert "Traceback" not in err, err
    return process.returncode, out, err


def let_expire(file: Path) -> str:
    """Make the kept access token look expired; gives the refresh token that comes next."""
    kept = json.loads(file.read_text())
    for one in kept.values():
        one["expires_at"] = 0
    file.write_text(json.dumps(kept))
    return str(next(iter(kept.values()))["refresh"])


def test_a_sign_in_is_confirmed_kept_renewed_and_ended(
    own: tuple[City, Served, Keycloak],
    home: Path,
    chromium: Browser,
    request: pytest.FixtureRequest,
) -> None:
    _, served, keycloak = own
    login = start("login", "--server", served.url)
    request.addfinalizer(login.kill)
    assert login.stderr is not None
    address = re.search(r"http\S+", login.stderr.readline())
    assert address is not None
    code = login.stderr.readline()
    with portal(chromium) as browser:
        browser.page.goto(address[0])
        browser.fill("mia")
        browser.page.click("[name=accept]")
        browser.page.get_by_text("erfolgreich").first.wait_for()
    out, err = login.communicate(timeout=60)
    assert login.returncode == 0, err
    assert re.search(r"[A-Z]{4}-[A-Z]{4}", code)
    assert "you are mia (teacher" in out
    file = home / "client-sign-ins.json"
    assert file.stat().st_mode & 0o777 == 0o600

    code, out, err = run("whoami", "--server", served.url)
    assert "teacher" in out, err

    # Two commands at once find it expired: one renews, the other takes what the first got.
    before = let_expire(file)
    both = [start("whoami", "--server", served.url) for _ in range(2)]
    for process in both:
        out, err = process.communicate(timeout=60)
        assert process.returncode == 0, err
    assert json.loads(file.read_text())[served.url]["refresh"] != before
    assert run("whoami", "--server", served.url)[0] == 0

    # Keycloak is away: a token that is good goes on, one that is not waits.
    keycloak.stop()
    assert run("whoami", "--server", served.url)[0] == 0
    let_expire(file)
    code, out, err = run("whoami", "--server", served.url)
    assert (code, out) == (1, "")
    assert "does not answer" in err
    keycloak.start()
    assert run("whoami", "--server", served.url)[0] == 0

    # Signed out: here, and for whoever has a copy.
    copy = file.read_text()
    assert run("logout", "--server", served.url)[:2] == (0, f"signed out at {served.url}\n")
    assert not file.exists()
    assert run("whoami", "--server", served.url)[0] == 1
    file.write_text(copy)
    file.chmod(0o600)
    let_expire(file)
    code, out, err = run("whoami", "--server", served.url)
    assert code == 1
    assert "has ended" in err
    assert not file.exists()


def test_an_administrator_registers_a_key_and_confirms_once_more_with_it(
    served: Served,
    home: Path,
    chromium: Browser,
    request: pytest.FixtureRequest,
) -> None:
    login = start("login", "--server", served.url)
    request.addfinalizer(login.kill)
    assert login.stderr is not None

    def address() -> str:
        assert login.stderr is not None
        found = re.search(r"http\S+", login.stderr.readline())
        assert found is not None
        login.stderr.readline()
        return found[0]

    with portal(chromium) as browser:
        browser.with_authenticator()
        browser.page.goto(address())
        browser.fill("ada")
        browser.press("#registerWebAuthn")
        browser.page.click("[name=accept]")
        browser.page.get_by_text("erfolgreich").first.wait_for()
        assert "needs a sign-in with a key" in login.stderr.readline()
        browser.page.goto(address())
        browser.fill("ada")
        browser.press("#authenticateWebAuthnButton")
        browser.page.click("[name=accept]")
        browser.page.get_by_text("erfolgreich").first.wait_for()
    out, err = login.communicate(timeout=60)
    assert login.returncode == 0, err
    assert "you are ada (authority-admin" in out


def test_what_is_kept_goes_into_the_keyring_where_one_works(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import keyring
    from keyring.backend import KeyringBackend

    from schoolops.client import _kept

    class Drawer(KeyringBackend):
        """A keyring that lives as long as the test."""

        priority = 1  # type: ignore[assignment]
        kept: dict[tuple[str, str], str] = {}  # noqa: RUF012

        def get_password(self, service: str, username: str) -> str | None:
            return self.kept.get((service, username))

        def set_password(self, service: str, username: str, password: str) -> None:
            self.kept[service, username] = password

        def delete_password(self, service: str, username: str) -> None:
            self.kept.pop((service, username), None)

    old = keyring.get_keyring()
    url = "https://schoolops.example"
    try:
        keyring.set_keyring(Drawer())
        assert _kept.write(url, {"access": "a"}) == "the system's keyring"
        assert not _kept.sign_ins_file().exists()
        assert _kept.read(url) == {"access": "a"}
        _kept.forget(url)
        assert _kept.read(url) is None
    finally:
        keyring.set_keyring(old)
    assert _kept.write(url, {"access": "a"}) == str(_kept.sign_ins_file())
    assert _kept.read(url) == {"access": "a"}


def test_a_sign_in_that_others_can_read_is_not_used(home: Path) -> None:
    home.mkdir()
    file = home / "client-sign-ins.json"
    file.write_text("{}")
    file.chmod(0o644)
    code, _, err = run("whoami", "--server", "https://schoolops.example")
    assert code == 2
    assert "chmod 600" in err


def test_a_server_without_keycloak_says_how_else(migrated_sqlite: Path, tmp_path: Path) -> None:
    copy_of(migrated_sqlite, tmp_path / "server")
    with serve(tmp_path / "server") as served:
        code, _, err = run("login", "--server", served.url)
    assert code == 1
    assert f"schoolops token keep --server {served.url}" in err
    code, _, err = run("login")
    assert code == 2
    assert "needs no sign-in" in err
