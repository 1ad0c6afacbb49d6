"""Accounts come from files: told first, then written; nobody's username changes."""

from __future__ import annotations

import csv
import getpass
import io
import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from schoolops.cli import main
from schoolops.core.errors import ProviderDown
from schoolops.db.engine import Store
from schoolops.db.tables import audit_event
from schoolops.identity.keycloak import adoption, users
from schoolops.identity.keycloak.admin import as_administrator, as_service
from tests.identity.conftest import SCHOOLS, SECRET, City
from tests.peers.keycloak import ADMIN, PASSWORD

HEAD = "Benutzername;Vorname;Nachname;E-Mail;Schule;Rolle;Klassen\n"
ROWS = (
    "lea;Lea;Ärmlich;lea@schule.example;164800;Lehrer;5a 5b\n"
    "lea;Lea;Ärmlich;lea@schule.example;164811;teacher;1a\n"
    "tom;Tom;Muster;;164800;pupil;5a\n"
    "Ümit;Ümit;Muster;;164800;pupil;5a\n"
    "ben;Ben;Muster;;164800;wizard;5a\n"
    "eva;Eva;Muster;lea@schule.example;164800;pupil;5a\n"
)


@pytest.fixture(autouse=True)
def schools(monkeypatch: pytest.MonkeyPatch) -> None:
    """The inventory's schools; the server that knows them is not what is tried here."""
    monkeypatch.setattr("schoolops.cli.identity._schools", lambda: SCHOOLS)


@pytest.fixture
def run(city: City, migrated_sqlite: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Any]:
    shutil.copy(migrated_sqlite, city.home / "schoolops.db")  # an audit without events

    def run(*words: str) -> tuple[int, str, str]:
        capsys.readouterr()
        code = main(["identity", *words])
        out, err = capsys.readouterr()
        assert "Traceback" not in err
        return code, out, err

    yield run
    with as_service(city.settings.identity) as admin:
        for user in admin.get_users({}):
            if user["username"] not in ("mia", "ada", "kim"):
                admin.delete_user(user["id"])


def events(city: City) -> list[tuple[str, str, dict[str, Any]]]:
    """(who, what, detail) of the audit, as `schoolops audit` lists it."""
    store = Store.open(city.settings)
    try:
        with store.read() as connection:
            rows = connection.execute(select(audit_event).order_by(audit_event.c.id)).all()
    finally:
        store.close()
    return [(row.actor, row.action, json.loads(row.detail)) for row in rows]


def test_an_import_is_told_then_written_then_the_same(city: City, run: Any, tmp_path: Path) -> None:
    file, slips = tmp_path / "users.csv", tmp_path / "slips.csv"
    file.write_text(HEAD + ROWS)
    code, out, err = run("import-users", str(file))
    assert code == 1, "three rows are refused"
    assert "accounts: 2 new, 0 changed, 0 same, 3 refused; nothing was written" in out
    assert "lea: new" in out
    assert "tom: new" in out
    assert "row 5 refused: Ümit" in err
    assert "no group /schools/164800/wizard" in err
    with as_service(city.settings.identity) as admin:
        assert admin.get_users({"username": "lea"}) == []

    assert run("import-users", str(file), "--apply", "--passwords", str(slips))[0] == 1
    assert slips.stat().st_mode & 0o777 == 0o600
    given = list(csv.DictReader(io.StringIO(slips.read_text()), delimiter=";"))
    assert [one["username"] for one in given] == ["lea", "tom"]
    counts = {"new": 2, "refused": 3, "first_passwords": 2}
    assert events(city) == [(getpass.getuser(), "import users", counts)]
    with as_service(city.settings.identity) as admin:
        (lea,) = admin.get_users({"username": "lea", "exact": "true"})
        groups = {group["path"] for group in admin.get_user_groups(lea["id"])}
    assert groups == {"/schools/164800/teacher", "/schools/164811/teacher"}
    assert set(lea["attributes"]["classes"]) == {"164800/5a", "164800/5b", "164811/1a"}

    assert "0 new, 0 changed, 2 same, 3 refused" in run("import-users", str(file))[1]
    code, _, err = run("import-users", str(file), "--apply", "--passwords", str(slips))
    assert code == 2
    assert "is there already" in err


def test_a_refused_row_tells_whose_it_is_and_all_that_is_wrong(run: Any, tmp_path: Path) -> None:
    file = tmp_path / "users.csv"
    file.write_text(HEAD + "Ümit;;Muster;umit-at-schule;164800;wizard;5a\n")
    code, out, _ = run("import-users", str(file), "--json")
    (row,) = json.loads(out)["rows"]
    assert (code, row["username"], row["outcome"]) == (1, "Ümit", "refused")
    for problem in ("not 'Ümit'", "given name is empty", "'umit-at-schule' is no e-mail",
                    "no group /schools/164800/wizard"):  # fmt: skip
        assert problem in row["reason"]


def test_a_first_password_works_and_has_to_be_changed(city: City, run: Any, tmp_path: Path) -> None:
    file, slips = tmp_path / "users.csv", tmp_path / "slips.csv"
    file.write_text(HEAD + "tom;Tom;Muster;;164800;pupil;5a\n")
    assert run("import-users", str(file), "--apply", "--passwords", str(slips))[0] == 0
    password = slips.read_text().splitlines()[1].split(";")[3]
    assert "Account is not fully set up" in answer_to(city, "tom", password)
    assert "Invalid user credentials" in answer_to(city, "tom", password + "x")


def answer_to(city: City, username: str, password: str) -> str:
    """What Keycloak says to a name and a password, asked by a client that may do that."""
    with as_administrator(city.settings.identity, ADMIN, PASSWORD) as admin:
        id = admin.create_client(
            {"clientId": "probe", "publicClient": True, "directAccessGrantsEnabled": True}
        )
        try:
            url = f"{city.settings.identity.issuer}/protocol/openid-connect/token"
            form = {"grant_type": "password", "client_id": "probe"}
            form |= {"username": username, "password": password}
            return httpx.post(url, data=form, trust_env=False).text
        finally:
            admin.delete_client(id)


def test_a_move_within_a_school_changes_role_and_classes_and_nothing_elsewhere(
    city: City, run: Any, tmp_path: Path
) -> None:
    file = tmp_path / "users.csv"
    file.write_text(HEAD + ROWS[: ROWS.index("tom")])
    assert run("import-users", str(file), "--apply")[0] == 0
    file.write_text(HEAD + "lea;Lea;Schön;lea@schule.example;164800;head;6a\n")
    code, out, _ = run("import-users", str(file), "--apply")
    assert code == 0
    assert "lastName 'Ärmlich' → 'Schön'" in out
    with as_service(city.settings.identity) as admin:
        (lea,) = admin.get_users({"username": "lea", "exact": "true"})
        groups = {group["path"] for group in admin.get_user_groups(lea["id"])}
    assert groups == {"/schools/164800/head", "/schools/164811/teacher"}
    assert set(lea["attributes"]["classes"]) == {"164800/6a", "164811/1a"}


def test_accounts_of_another_keycloak_are_adopted_with_their_passwords(
    city: City, run: Any, tmp_path: Path
) -> None:
    with as_service(city.settings.identity) as admin:
        (kim,) = admin.get_users({"username": "kim", "exact": "true"})
    hashed = {**users._hashed(SECRET), "temporary": False, "userLabel": "old"}
    source = {
        "realm": "old",
        "users": [
            {"id": "s-1", "username": "mia", "firstName": "Mia", "lastName": "Beispiel"},
            {"id": "s-2", "username": "kim", "firstName": "Kim", "lastName": "Anders"},
            {"id": "s-3", "username": "neu", "firstName": "Neu", "lastName": "Hier",
             "credentials": [hashed]},
            {"id": "s-4", "username": "service", "serviceAccountClientId": "x"},
        ],
    }  # fmt: skip
    file = tmp_path / "old.json"
    file.write_text(json.dumps(source))
    code, out, err = run("adopt", str(file))
    assert code == 0
    assert "1 matched, 0 same, 1 new, 1 ambiguous, 0 refused; nothing was written" in out
    assert "kim here has another family name" in err
    assert run("adopt", str(file), "--apply")[0] == 0
    with as_service(city.settings.identity) as admin:
        (mia,) = admin.get_users({"username": "mia", "exact": "true"})
        assert mia["attributes"]["source_id"] == ["s-1"]
        assert mia["attributes"]["classes"] == ["164800/5a"]
        (same,) = admin.get_users({"username": "kim", "exact": "true"})
        assert same["attributes"] == kim["attributes"], "an ambiguous one waits for a person"
    assert "access_token" in answer_to(city, "neu", SECRET)
    counts = {"federated": False, "matched": 1, "new": 1, "ambiguous": 1}
    assert events(city) == [(getpass.getuser(), "adopt users", counts)]
    assert "0 matched, 2 same, 0 new, 1 ambiguous" in run("adopt", str(file))[1]


def account(username: str, **values: str) -> adoption.Account:
    given = {"given_name": "", "family_name": "Weber", "email": "", "source_id": "", **values}
    return adoption.Account(1, username, **given)  # type: ignore[arg-type]


def user(username: str, **values: Any) -> dict[str, Any]:
    return {"id": username, "username": username, "lastName": "Weber", "attributes": {}, **values}


def known(source_id: str) -> dict[str, Any]:
    return {"attributes": {"source_id": [source_id]}}


@pytest.mark.parametrize(
    ("one", "there", "outcome", "here"),
    [
        (account("mw", source_id="7"), [], "new", ""),
        (account("mw", source_id="7"), [user("mw")], "matched", "mw"),
        (account("mw", email="m@x", source_id="7"), [user("mia", email="M@x")], "matched", "mia"),
        (account("mw", source_id="7"), [user("mia", **known("7"))], "same", "mia"),
        (account("mw", source_id="7"), [user("mw", lastName="Kaya")], "ambiguous", ""),
        (account("mw", source_id="7"), [user("mw", **known("8"))], "ambiguous", ""),
        (account("mw", email="m@x.de"), [user("mw"), user("mia", email="m@x.de")], "ambiguous", ""),
        (account("m w"), [], "refused", ""),
    ],
)  # fmt: skip
def test_signs_decide_who_somebody_is(
    one: adoption.Account, there: list[dict[str, Any]], outcome: str, here: str
) -> None:
    (match,) = adoption.match([one], there)
    assert (match.outcome, match.here) == (outcome, here)


def test_two_that_match_one_and_one_that_comes_twice_are_left_to_a_person() -> None:
    here = [user("mia", email="m@x.de")]
    both = adoption.match(
        [account("mw", email="m@x.de", source_id="1"), account("mia", source_id="2")], here
    )
    assert {match.outcome for match in both} == {"ambiguous"}
    twice = adoption.match([account("mw"), account("mw")], [])
    assert {match.outcome for match in twice} == {"ambiguous"}


def test_a_directorys_export_is_read_by_its_own_headings() -> None:
    data = (
        "sAMAccountName,givenName,sn,mail,objectGUID\n"
        "M.Weber,Mia,Weber,Mia@schule.example,{11-22}\n"
    ).encode("utf-16")
    (one,) = adoption.read_accounts(data, "ad.csv")
    assert (one.username, one.email, one.source_id) == ("m.weber", "mia@schule.example", "{11-22}")


@pytest.mark.parametrize("text", ["{}", "{", '{"users": 3}', '{"users": [1]}', '{"users": [{}]}'])
def test_a_file_that_is_no_export_says_how_to_make_one(
    city: City, run: Any, tmp_path: Path, text: str
) -> None:
    file = tmp_path / "x.json"
    file.write_text(text)
    code, _, err = run("adopt", str(file))
    assert code == 1
    assert "kc.sh export" in err


def test_the_bootstrap_tells_its_plan_and_what_is_missing(
    city: City, run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stdin(text: str) -> None:
        monkeypatch.setattr(sys, "stdin", io.StringIO(text))

    stdin(PASSWORD + "\n")
    code, out, _ = run("bootstrap", "--admin", ADMIN)
    assert (code, out.splitlines()[-1]) == (0, f"realm {city.realm}: 0 changes to make")
    assert "same    client schoolops-web" in out
    assert events(city) == [], "a plan is no event"
    stdin("wrong-" + SECRET + "\n")
    code, _, err = run("bootstrap", "--admin", ADMIN, "--apply")
    assert code == 1
    assert "does not take this name and secret" in err
    monkeypatch.setenv("SCHOOLOPS_SERVER__PUBLIC_URL", "")
    code, _, err = run("bootstrap")
    assert code == 1
    assert "server.public_url is not set" in err
    monkeypatch.setenv("SCHOOLOPS_IDENTITY__ISSUER", "")
    assert "identity.issuer is not set" in run("bootstrap")[2]


def test_a_bootstrap_is_booked_with_what_it_made_and_nothing_is_done_unbooked(
    city: City, run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    more = [*SCHOOLS, ("164899", "10042")]
    monkeypatch.setattr("schoolops.cli.identity._schools", lambda: more)
    database = city.home / "schoolops.db"
    kept = database.read_bytes()
    database.unlink()
    monkeypatch.setattr(sys, "stdin", io.StringIO(PASSWORD + "\n"))
    code, out, err = run("bootstrap", "--admin", ADMIN, "--apply")
    assert (code, out) == (1, "")
    assert "start the server once" in err
    database.write_bytes(kept)
    monkeypatch.setattr(sys, "stdin", io.StringIO(PASSWORD + "\n"))
    assert run("bootstrap", "--admin", ADMIN, "--apply")[0] == 0
    ((who, action, detail),) = events(city)
    assert (who, action) == (getpass.getuser(), "bootstrap realm")
    assert detail == {"realm": city.realm, "create": 1}, "the groups of the new school"


def test_what_breaks_off_is_booked_too(
    city: City, run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise ProviderDown("Keycloak does not answer")

    file = tmp_path / "users.csv"
    file.write_text(HEAD + ROWS[: ROWS.index("tom")])
    monkeypatch.setattr(users, "apply", broken)
    assert run("import-users", str(file), "--apply")[0] == 1
    ((_, action, detail),) = events(city)
    assert (action, detail["broken_off"]) == ("import users", True)
