"""A directory stays in charge of its people: a real OpenLDAP, federated by a real Keycloak."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from schoolops.cli import main
from schoolops.core.errors import Conflict
from schoolops.core.settings import Settings, load_settings
from schoolops.db.engine import Store
from schoolops.db.tables import audit_event
from schoolops.identity.keycloak import bootstrap, users
from schoolops.identity.keycloak.admin import as_administrator, as_service
from schoolops.identity.keycloak.steps import SAME, Step
from schoolops.identity.oidc import Provider
from schoolops.identity.pupils import Pupils
from tests.identity.conftest import PORTAL, SCHOOLS
from tests.identity.signing import CodeFlow, portal
from tests.peers.keycloak import ADMIN, PASSWORD, Keycloak
from tests.peers.slapd import PEOPLE, READER, READER_SECRET, Person, Slapd, directory
from tests.web.browser import copy_of

if TYPE_CHECKING:
    from playwright.sync_api import Browser


LEA = Person("L.Aermlich", "Lea", "Ärmlich", "im-Verzeichnis-1", "lea@schule.example")
TOM = Person("t.muster", "Tom", "Muster", "im-Verzeichnis-2")
EVA = Person("e.kaya", "Eva", "Kaya", "im-Verzeichnis-3", "eva@schule.example")
TWIN = Person("twin", "Ina", "Doppelt", "im-Verzeichnis-4", "ina@schule.example")
HEAD = "username;given name;family name;e-mail;school;role;classes\n"


@dataclass
class Federation:
    """A realm whose settings name a directory; nothing is bootstrapped yet."""

    directory: Slapd
    secret: Path
    run: Callable[..., tuple[int, str, str]]

    @property
    def settings(self) -> Settings:
        return load_settings()

    def bootstrap(self) -> list[Step]:
        """What was done."""
        done: list[Step] = []
        with as_administrator(self.settings.identity, ADMIN, PASSWORD) as admin:
            bootstrap.apply(admin, self.settings, SCHOOLS, done.append)
        return done

    def plan(self) -> list[Step]:
        """What would be done."""
        with as_administrator(self.settings.identity, ADMIN, PASSWORD) as admin:
            return [s for s in bootstrap.plan(admin, self.settings, SCHOOLS) if s.mark != SAME]

    def account(self, username: str) -> tuple[dict[str, Any], set[str]]:
        """Somebody's account and groups."""
        with as_service(self.settings.identity) as admin:
            (user,) = admin.get_users({"username": username, "exact": "true"})
            return user, {group["path"] for group in admin.get_user_groups(user["id"])}

    def events(self) -> list[tuple[str, dict[str, Any]]]:
        """What was booked in the audit."""
        store = Store.open(self.settings)
        try:
            with store.read() as connection:
                rows = connection.execute(select(audit_event).order_by(audit_event.c.id)).all()
        finally:
            store.close()
        return [(row.action, json.loads(row.detail)) for row in rows]


@pytest.fixture(scope="module")
def people() -> Iterator[Slapd]:
    with directory([LEA, TOM, EVA, TWIN]) as peer:
        yield peer


@pytest.fixture
def federation(
    people: Slapd, keycloak: Keycloak, home: Path, migrated_sqlite: Path,
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> Iterator[Federation]:  # fmt: skip
    copy_of(migrated_sqlite, home)
    secret = home / "bind"
    secret.write_text(READER_SECRET)
    secret.chmod(0o600)
    for name, value in {
        "IDENTITY__ISSUER": keycloak.issuer(keycloak.new_realm()), "SERVER__PUBLIC_URL": PORTAL,
        "IDENTITY__LDAP_URL": people.url, "IDENTITY__LDAP_USERS_DN": PEOPLE,
        "IDENTITY__LDAP_BIND_DN": READER, "IDENTITY__LDAP_BIND_SECRET_FILE": str(secret),
    }.items():  # fmt: skip
        monkeypatch.setenv(f"SCHOOLOPS_{name}", value)
    # The inventory's schools; the server that knows them is not what is tried here.
    monkeypatch.setattr("schoolops.cli.identity._schools", lambda: SCHOOLS)

    def run(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "stdin", io.StringIO(PASSWORD + "\n"))
        capsys.readouterr()
        code = main(["identity", *words])
        out, err = capsys.readouterr()
        assert "Traceback" not in err
        return code, out, err

    before = people.content()
    yield Federation(people, secret, run)
    assert people.changes() == "", "nothing is ever written to the directory"
    assert people.content() == before


def test_a_person_of_the_directory_signs_in_with_its_password_and_keeps_the_username(
    federation: Federation, chromium: Browser, tmp_path: Path
) -> None:
    federation.bootstrap()
    file = tmp_path / "users.csv"
    file.write_text(HEAD + "l.aermlich;Lea;Falsch;falsch@schule.example;164800;teacher;5a\n")
    code, out, _ = federation.run("import-users", str(file), "--apply")
    assert code == 0
    assert "accounts: 0 new, 1 changed, 0 same, 0 refused" in out, "known before any sign-in"
    provider = Provider(federation.settings.identity)
    flow = CodeFlow(provider)
    with portal(chromium) as browser:
        browser.page.goto(flow.url)
        browser.fill("l.aermlich", "nicht-ihr-Passwort")
        browser.page.get_by_text("Ungültige").first.wait_for()
        assert browser.came == []
        browser.fill("l.aermlich", LEA.secret)
        claims = provider.verify(flow.finish(browser.answer()).access)
    provider.close()
    assert (claims.username, claims.name) == ("l.aermlich", "Lea Ärmlich")
    assert claims.email == "lea@schule.example", "names and address are the directory's"
    assert claims.groups == ("/schools/164800/teacher",)
    assert claims.classes == ("164800/5a",)
    assert "0 new, 0 changed, 1 same" in federation.run("import-users", str(file))[1]


def test_a_second_bootstrap_changes_nothing_and_a_new_place_is_a_change(
    federation: Federation, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = federation.bootstrap()[-1]
    assert made.what == f"directory {federation.directory.url}, read only"
    assert made.details == [f"Keycloak gets in as {READER}", "4 people are there"]
    assert federation.plan() == []
    assert federation.bootstrap() == []
    monkeypatch.setenv("SCHOOLOPS_IDENTITY__LDAP_USERS_DN", "dc=schule,dc=example")
    (step,) = federation.plan()
    assert step.mark == "change"
    assert f"config.usersDn: {PEOPLE} → dc=schule,dc=example" in step.details
    federation.bootstrap()
    assert federation.plan() == []


def test_a_new_password_of_the_reading_account_is_noticed(federation: Federation) -> None:
    federation.bootstrap()
    with as_administrator(federation.settings.identity, ADMIN, PASSWORD) as admin:
        (kept,) = admin.get_components({"type": "org.keycloak.storage.UserStorageProvider"})
        kept["config"]["bindCredential"] = ["the-one-before"]
        admin.update_component(kept["id"], kept)
        (mapper,) = admin.get_components({"parent": kept["id"], "name": "first name"})
        mapper["config"]["ldap.attribute"] = ["cn"]
        admin.update_component(mapper["id"], mapper)
    (step,) = federation.plan()
    assert step.details[1:] == [
        "mapper first name: ldap.attribute: cn → givenName",
        "password of the account that reads it: another one",
    ]
    federation.bootstrap()
    assert federation.plan() == []


@pytest.mark.parametrize(
    ("setting", "value", "told"),
    [
        ("BIND_DN", "uid=nobody,dc=schule,dc=example", "does not take uid=nobody"),
        ("URL", "ldap://127.0.0.1:1", "does not reach the directory ldap://127.0.0.1:1"),
        ("URL", "directory.example", "write it as ldaps://directory.example"),
        ("BIND_SECRET_FILE", "", "set identity.ldap_bind_secret_file"),
        ("BIND_SECRET_FILE", "/nowhere/bind", "put the password of uid=reader"),
        ("USERS_DN", "", "set identity.ldap_users_dn"),
    ],
)
@pytest.mark.parametrize("how", ["--plan", "--apply"])
def test_a_directory_that_lets_nobody_in_is_told_before_anything_is_done(
    federation: Federation, monkeypatch: pytest.MonkeyPatch,
    setting: str, value: str, told: str, how: str,
) -> None:  # fmt: skip
    monkeypatch.setenv(f"SCHOOLOPS_IDENTITY__LDAP_{setting}", value)
    code, out, err = federation.run("bootstrap", "--admin", ADMIN, how)
    assert (code, out) == (1, "")
    assert told in err
    with as_administrator(federation.settings.identity, ADMIN, PASSWORD) as admin:
        realm = federation.settings.identity.issuer.rpartition("/")[2]
        assert realm not in [one["realm"] for one in admin.get_realms()]


def test_a_wrong_password_and_a_directory_that_is_down_are_told_apart(
    federation: Federation, tmp_path: Path
) -> None:
    federation.bootstrap()
    file = tmp_path / "users.csv"
    file.write_text(HEAD + "t.muster;Tom;Muster;;164800;pupil;5a\n")
    federation.secret.write_text("wrong")
    _, _, err = federation.run("bootstrap", "--admin", ADMIN)
    assert f"does not take {READER} and its password" in err
    assert "wrong" not in err, "the password is not shown"
    federation.secret.write_text(READER_SECRET)
    federation.directory.stop()
    try:
        code, _, err = federation.run("bootstrap", "--admin", ADMIN)
        assert code == 1
        assert "does not reach the directory" in err
        code, _, err = federation.run("import-users", str(file), "--apply")
        assert code == 1
        assert "finds nobody" in err
    finally:
        federation.directory.start()
    assert federation.run("import-users", str(file), "--apply")[0] == 0


def test_people_come_although_one_of_them_is_hidden_by_an_account_that_is_here(
    federation: Federation, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    url = federation.directory.url
    monkeypatch.setenv("SCHOOLOPS_IDENTITY__LDAP_URL", "")
    federation.bootstrap()
    with as_service(federation.settings.identity) as admin:
        admin.create_user({"username": "ina", "email": TWIN.mail, "enabled": True})
    monkeypatch.setenv("SCHOOLOPS_IDENTITY__LDAP_URL", url)
    file = tmp_path / "users.csv"
    file.write_text(HEAD + "t.muster;Tom;Muster;;164800;pupil;5a\n")
    code, _, err = federation.run("import-users", str(file))
    assert code == 1
    assert "bootstrap --apply" in err, "the directory is not in the realm yet"
    assert federation.bootstrap()[-1].details[-1].startswith("1 of the directory cannot sign in")
    code, out, err = federation.run("import-users", str(file), "--apply")
    assert (code, "1 changed" in out) == (0, True)
    assert "1 of the directory cannot sign in" in err
    assert federation.account("t.muster")[1] == {"/schools/164800/pupil"}


def test_persons_of_a_file_are_found_in_the_directory_under_its_usernames(
    federation: Federation, tmp_path: Path
) -> None:
    federation.bootstrap()
    with as_service(federation.settings.identity) as admin:
        admin.create_user({"username": "own", "lastName": "Hier", "enabled": True})
    file = tmp_path / "staff.csv"
    file.write_text(
        HEAD + "lae;Lea;Ärmlich;lea@schule.example;164800;teacher;5a\n"
        "lae;Lea;Ärmlich;lea@schule.example;164811;teacher;\n"
        "t.muster;Tom;Anders;;164800;pupil;5a\n"
        "neu;Nele;Neu;;164800;pupil;5a\n"
        "own;Otto;Hier;;164800;pupil;5a\n"
        "e.kaya;Eva;Kaya;;164800;wizard;\n"
    )
    code, out, err = federation.run("adopt", str(file), "--federated")
    assert code == 1, "one row is refused"
    assert "lae is l.aermlich here" in out
    assert "1 matched, 0 same, 1 new, 2 ambiguous, 1 refused; nothing was written" in out
    assert "t.muster here has another family name" in err
    assert "own is an account of Keycloak's own" in err
    assert federation.account("l.aermlich")[1] == set()
    assert federation.events() == []

    federation.run("adopt", str(file), "--federated", "--apply")
    lea, groups = federation.account("l.aermlich")
    assert groups == {"/schools/164800/teacher", "/schools/164811/teacher"}
    assert lea["attributes"]["classes"] == ["164800/5a"]
    assert (lea["username"], lea["firstName"]) == ("l.aermlich", "Lea")
    assert federation.account("t.muster")[1] == set()
    with as_service(federation.settings.identity) as admin:
        names = {user["username"] for user in users.all_users(admin)}
    assert names == {"l.aermlich", "t.muster", "e.kaya", "twin", "own"}, "nobody is made"
    assert "0 matched, 1 same" in federation.run("adopt", str(file), "--federated")[1]
    counts = {"matched": 1, "new": 1, "ambiguous": 2, "refused": 1}
    assert federation.events() == [("adopt users", {"federated": True, **counts})]


def test_a_directorys_own_id_tells_who_somebody_is(federation: Federation, tmp_path: Path) -> None:
    federation.bootstrap()
    (id,) = federation.account("e.kaya")[0]["attributes"]["LDAP_ID"]
    file = tmp_path / "directory.csv"
    file.write_text(f"uid;sn;entryUUID\neva;Yılmaz;{id}\n")
    code, out, _ = federation.run("adopt", str(file))
    assert code == 0
    assert "eva is e.kaya here" in out
    assert "0 matched, 1 same, 0 new" in out


def test_a_pupils_password_that_the_directory_keeps_is_not_reset_here(
    federation: Federation, tmp_path: Path
) -> None:
    federation.bootstrap()
    file = tmp_path / "users.csv"
    file.write_text(HEAD + "t.muster;Tom;Muster;;164800;pupil;5a\n")
    federation.run("import-users", str(file), "--apply")
    pupils = Pupils(federation.settings.identity)
    (tom,) = pupils.of_class("164800", "5a")
    with pytest.raises(Conflict) as refused:
        pupils.reset("164800", "5a", [tom.id])
    assert refused.value.code == "passwords.directory"
    with as_service(federation.settings.identity) as admin:
        kept = admin.get_credentials(tom.id)
    assert [one for one in kept if not one.get("federationLink")] == []
