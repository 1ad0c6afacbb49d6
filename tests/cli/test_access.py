"""`schoolops access`, `ls people`, and the audit's chain as a file."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, insert

from schoolops.identity.models import account, account_role
from tests.cli.conftest import Run, Served, serving
from tests.identity.realm import TinyRealm, tiny_realm

VERIFIER = Path(__file__).parents[2] / "docs" / "verify_audit.py"
WHY = ("--reason", "the whole school is dark")


@pytest.fixture
def theo(served: Served) -> str:
    """Somebody who has signed in once, as the server notes it."""
    name = f"theo.{uuid.uuid4().hex[:6]}"
    engine = create_engine(f"sqlite:///{served.home / 'schoolops.db'}")
    seen = 1_795_507_200_000_000
    with engine.begin() as database:
        row = {
            "uid": str(uuid.uuid4()), "issuer": "x", "subject": name, "username": name,
            "shown": "Theo Kaya", "groups": '["/schools/164800/teacher"]',
            "classes": '["164800/5a"]', "first_seen_at": seen, "last_seen_at": seen,
        }  # fmt: skip
        made = database.execute(insert(account), row).inserted_primary_key
        assert made is not None
        place = {"account_id": made[0], "role": "teacher", "place": "164800"}
        database.execute(insert(account_role), place)
    engine.dispose()
    return name


def as_token(run: Run, monkeypatch: pytest.MonkeyPatch, role: str, *scope: str) -> str:
    """From now on the commands are those of somebody with a new token; gives the name."""
    monkeypatch.delenv("SCHOOLOPS_TOKEN", raising=False)
    name = f"{role}.{uuid.uuid4().hex[:6]}"
    token = run("token", "create", name, "--role", role, *scope).out.strip()
    monkeypatch.setenv("SCHOOLOPS_TOKEN", token)
    return name


def test_a_permission_is_explained_with_the_role_it_comes_from(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = as_token(run, monkeypatch, "head", "--schools", "164800")
    told = run("access", "explain", "contacts.write", "--school", "164800")
    assert told.out.splitlines() == [
        f"{name}: allowed",
        "contacts.write comes from Head teacher",
        "  head: schools 164800",
    ]
    refused = run("access", "explain", "estate.write", "--json")
    assert (refused.code, refused.json["allowed"]) == (0, False)
    assert run("access", "explain", "fly").code == 2
    assert run("access", "explain", "estate.read", "--class", "5a").code == 2


def test_about_somebody_else_it_says_where_and_until_when(run: Run, theo: str) -> None:
    asked = ("access", "explain", "passwords.reset", "--who", theo, "--school", "164800")
    assert f"{theo}: not allowed" in run(*asked).out
    assert f"{theo}: allowed" in run(*asked, "--class", "5a").out
    assert run("access", "explain", "estate.read", "--who", "nobody").code == 1


def test_rights_are_handed_on_and_taken_back(run: Run, theo: str) -> None:
    day = time.strftime("%Y-%m-%d", time.localtime(time.time() + 3 * 86_400))
    place = ("--school", "164800", "--until", day, "--reason", "the coordinator is ill")
    given = run("access", "delegate", theo, "passwords.reset", *place)
    assert given.code == 0, given.err
    assert f"{theo} may passwords.reset until {day} 23:59" in given.out
    row = run("ls", "delegations", f"receiver:{theo}", "--json").json[0]
    assert (row["state"], row["school"]) == ("active", "164800")
    assert f"{theo}: allowed" in run("access", "explain", "passwords.reset", "--who", theo,
                                     "--school", "164800").out  # fmt: skip
    assert run("access", "revoke", theo).out == f"revoked the delegation {row['id']}\n"
    again = run("access", "revoke", theo)
    assert (again.code, "no delegation" in again.err) == (1, True)
    assert run("access", "revoke", row["id"]).code == 1


def test_what_cannot_be_handed_on_is_refused_with_the_reason(run: Run, theo: str) -> None:
    place = ("--school", "164800", "--reason", "ill")
    assert run("access", "delegate", theo, "audit.read", *place, "--until", "2027-01-01").code == 2
    bad = run("access", "delegate", theo, "estate.read", *place, "--until", "soon")
    assert (bad.code, "is no time" in bad.err) == (2, True)
    far = run("access", "delegate", theo, "estate.read", *place, "--until", "2099-01-01")
    assert (far.code, "92 days" in far.err) == (1, True)
    nobody = run("access", "delegate", "nobody", "estate.read", *place, "--until", "2099-01-01")
    assert nobody.code == 1


@pytest.fixture(scope="module")
def realm() -> Iterator[TinyRealm]:
    with tiny_realm() as made:
        yield made


@pytest.fixture(scope="module")
def served_by_realm(realm: TinyRealm) -> Iterator[Served]:
    with serving(SCHOOLOPS_IDENTITY__ISSUER=realm.issuer) as made:
        yield made


@pytest.fixture
def as_person(
    realm: TinyRealm, served_by_realm: Served, run: Run, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str, str], str]:
    """From then on the commands are those of somebody who signed in; gives the name."""
    monkeypatch.setenv("SCHOOLOPS_HOME", str(served_by_realm.home))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(served_by_realm.runtime))

    def become(name: str, group: str) -> str:
        name = f"{name}.{uuid.uuid4().hex[:6]}"
        claims = {"sub": name, "preferred_username": name, "email": f"{name}@schule.example"}
        token = realm.sign(realm.claims(**claims, groups=[group]))
        monkeypatch.setenv("SCHOOLOPS_TOKEN", token)
        return name

    return become


ASK = ("access", "emergency", "164800", "estate.read", "--hours", "2", *WHY)


def test_a_second_person_approves_emergency_access(
    run: Run, as_person: Callable[[str, str], str]
) -> None:
    tess = as_person("tess", "/city/technician")
    asked = run(*ASK)
    assert asked.code == 0, asked.err
    own = run("access", "approve", tess)
    assert own.code == 1
    as_person("hilde", "/schools/164800/head")
    waiting = run("ls", "approvals", "waiting:yes", f"proposed_by:{tess}", "--json").json
    assert [(row["action"], row["state"]) for row in waiting] == [("emergency-access", "open")]
    assert run("access", "approve", tess).out == f"approved {waiting[0]['id']}\n"
    again = run("access", "approve", waiting[0]["id"])
    assert (again.code, "approved, not open" in again.err) == (1, True)


def test_a_proposal_is_rejected_with_a_note_or_withdrawn(
    run: Run, as_person: Callable[[str, str], str]
) -> None:
    tess = as_person("tess", "/city/technician")
    run(*ASK)
    assert run("access", "withdraw", tess).out.startswith("withdrew ")
    run(*ASK)
    as_person("hilde", "/schools/164800/head")
    assert run("access", "reject", tess).code == 2
    assert run("access", "withdraw", tess).code == 1
    assert run("access", "reject", tess, "--note", "call first").out.startswith("rejected ")
    states = run("ls", "approvals", f"proposed_by:{tess}", "--json").json
    assert sorted((row["state"], row["note"]) for row in states) == [
        ("rejected", "call first"),
        ("withdrawn", ""),
    ]


def test_a_token_gets_and_gives_no_rights_for_a_time(
    run: Run, theo: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = as_token(run, monkeypatch, "authority-admin")
    delegate = ("access", "delegate", theo, "estate.read", "--school", "164800",
                "--until", time.strftime("%Y-%m-%d", time.localtime(time.time() + 86_400)),
                "--reason", "ill")  # fmt: skip
    for words in (ASK, delegate):
        refused = run(*words)
        assert refused.code == 1
        assert f"{name} has no account" in refused.err
        assert "schoolops login" in refused.err


def test_people_are_listed_shown_and_signed_out(run: Run, theo: str) -> None:
    assert theo in run("ls", "people").out
    shown = run("show", "person", theo)
    assert shown.out.startswith(f"person {theo}\n"), shown.err
    assert "teacher 164800" in shown.out
    assert run("access", "end-sessions", theo).out == f"signed {theo} out\n"
    assert run("access", "end-sessions", "nobody").code == 1


def check(*words: str) -> tuple[int, str]:
    """The verifier alone, as an auditor runs it: without any of our packages."""
    done = subprocess.run(
        [sys.executable, "-I", str(VERIFIER), *words], capture_output=True, text=True, timeout=60
    )
    assert "Traceback" not in done.stderr
    return done.returncode, done.stdout


def test_an_exported_chain_is_checked_without_schoolops(run: Run, tmp_path: Path) -> None:
    run("new", "room", "school=164800", "name=AX-1")
    deadline = time.monotonic() + 20
    while run("audit", "verify", "--json").json["unsealed"]:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    file = tmp_path / "chain.jsonl"
    done = run("audit", "export", str(file))
    assert done.code == 0, done.err
    head = done.out.strip()
    lines = file.read_text("utf-8").splitlines()
    assert check(str(file)) == (0, f"{len(lines)} events, unaltered; head {head}\n")
    assert check(str(file), head)[0] == 0

    cut = tmp_path / "cut.jsonl"
    cut.write_text("\n".join(lines[:-1]) + "\n", "utf-8")
    assert check(str(cut))[0] == 0  # that something is missing at the end shows by the head alone
    assert check(str(cut), head) == (1, "cut off: HEAD is missing\n")

    changed = json.loads(lines[0]) | {"actor": "somebody else"}
    altered = tmp_path / "altered.jsonl"
    altered.write_text("\n".join([json.dumps(changed), *lines[1:]]) + "\n", "utf-8")
    assert check(str(altered)) == (1, f"altered: event {changed['id']} (line 1)\n")
    taken = tmp_path / "taken.jsonl"
    taken.write_text("\n".join([lines[0], *lines[2:]]) + "\n", "utf-8")
    assert check(str(taken))[0] == 1


def test_an_export_that_fails_leaves_the_older_file(run: Run, tmp_path: Path) -> None:
    assert run("audit", "export").code == 2
    assert run("audit", "export", str(tmp_path / "none" / "chain.jsonl")).code == 2
    file = tmp_path / "chain.jsonl"
    file.mkdir()  # a folder in its place
    assert run("audit", "export", str(file)).code == 1
    assert [entry.name for entry in tmp_path.iterdir() if entry.is_file()] == []


def test_an_exported_chain_is_ours_alone_and_overwrites_none(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "chain.jsonl"
    assert run("audit", "export", str(file)).code == 0
    assert file.stat().st_mode & 0o777 == 0o600
    file.write_text("an earlier chain")
    refused = run("audit", "export", str(file))
    assert refused.code == 1
    assert "--force overwrites it" in refused.err
    assert file.read_text() == "an earlier chain"
    assert run("audit", "export", str(file), "--force").code == 0
    assert file.read_text() != "an earlier chain"
