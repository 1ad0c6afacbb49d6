"""A city's own texts: they win, a broken one hurts nobody, a draft is seen before it counts."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from schoolops.core import resources
from schoolops.core.permissions import Actor
from schoolops.core.settings import Settings, load_settings
from schoolops.db.engine import Store
from schoolops.server.app import Door, make_app
from schoolops.server.web.preview import SAMPLES, check

PRIVACY = "portal/legal/privacy.de.html"


@pytest.fixture
def settings(migrated_sqlite: Path, home: Path) -> Settings:
    import shutil

    home.mkdir(mode=0o700)
    shutil.copy(migrated_sqlite, home / "schoolops.db")
    return load_settings()


@pytest.fixture
def browser(settings: Settings) -> Iterator[TestClient]:
    store = Store.open(settings)
    application: Any = make_app(store, background=False)
    with TestClient(
        Door(application, local=False), base_url="http://127.0.0.1", headers={"accept": "text/html"}
    ) as client:
        client.portal_state = application.state.portal  # type: ignore[attr-defined]
        yield client
    store.close()


def sign_in(browser: TestClient) -> None:
    portal = browser.portal_state  # type: ignore[attr-defined]
    code = portal.sessions.make_link(Actor.of("alex", "authority-admin"))
    assert browser.post(f"/open/{code}").status_code == 200


def write(folder: Path, name: str, text: str) -> None:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text, "utf-8")


def test_an_own_text_wins_at_once_and_goes_with_its_file(browser: TestClient, home: Path) -> None:
    write(home / "templates", PRIVACY, "<p>Unser eigener Text für {{ portal_name }}</p>")
    assert "Unser eigener Text für schoolops" in browser.get("/privacy").text
    (home / "templates" / PRIVACY).unlink()
    assert "Landesbeauftragten" in browser.get("/privacy").text


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("<p>{% if %}</p>", "line 1"),
        ("{{ portl_name }}", "portl_name"),
        ("{{ ''.__class__.__mro__ }}", "unsafe"),
        ("{% include 'portal/no-such.html' %}", "no-such"),
        ("{{ 1 / 0 }}", "division"),
    ],
)
def test_a_broken_text_is_never_shown_and_the_administrator_is_told(
    browser: TestClient, home: Path, text: str, why: str
) -> None:
    write(home / "templates", PRIVACY, text)
    answer = browser.get("/privacy")
    assert answer.status_code == 200
    assert "Landesbeauftragten" in answer.text, "the shipped text"
    sign_in(browser)
    told = browser.get("/preview").text
    assert why in told
    write(home / "templates", PRIVACY, "<p>gut</p>")
    assert "<p>gut</p>" in browser.get("/privacy").text
    assert why not in browser.get("/preview").text


def test_bytes_that_are_no_text_are_a_broken_text(browser: TestClient, home: Path) -> None:
    write(home / "templates", PRIVACY, "x")
    (home / "templates" / PRIVACY).write_bytes(b"\xff\xfe\x00")
    assert "Landesbeauftragten" in browser.get("/privacy").text


def test_a_broken_layout_leaves_the_shipped_one(browser: TestClient, home: Path) -> None:
    write(home / "templates", "portal/base.html", "{{ nothing }}{% block content %}{% endblock %}")
    assert browser.get("/").status_code == 200
    assert 'class="skip"' in browser.get("/no-such-page").text


def test_a_draft_is_seen_by_administrators_alone(browser: TestClient, home: Path) -> None:
    write(home / "templates-draft", PRIVACY, "<p>Entwurf</p>")
    assert "Entwurf" not in browser.get("/privacy").text
    assert browser.get("/preview/privacy", follow_redirects=False).status_code == 303
    sign_in(browser)
    assert "<p>Entwurf</p>" in browser.get("/preview/privacy").text
    assert PRIVACY in browser.get("/preview").text
    assert "Entwurf" not in browser.get("/privacy").text


def schoolops(*words: str, code: int) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "schoolops.cli", "portal", *words],
        env=dict(os.environ),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout + done.stderr


def test_a_draft_is_tried_then_published_and_the_old_text_is_kept(
    settings: Settings, home: Path
) -> None:
    assert "templates-draft" in schoolops("preview", code=0)
    write(home / "templates", PRIVACY, "alt")
    write(home / "templates-draft", PRIVACY, "{% if %}")
    assert "line 1" in schoolops("preview", code=1)
    assert "nothing was published" in schoolops("publish", code=1)
    assert (home / "templates" / PRIVACY).read_text() == "alt"
    write(home / "templates-draft", PRIVACY, "neu")
    assert "all are good" in schoolops("preview", code=0)
    assert f"templates/{PRIVACY}" in schoolops("publish", code=0)
    assert (home / "templates" / PRIVACY).read_text() == "neu"
    assert (home / "templates-before" / PRIVACY).read_text() == "alt"
    assert not (home / "templates-draft" / PRIVACY).exists()


def test_the_doctor_finds_a_broken_text(settings: Settings, home: Path) -> None:
    from schoolops.cli._checks import check_web_texts

    assert check_web_texts(settings)[0] == "ok"
    write(home / "templates", PRIVACY, "{% if %}")
    state, detail = check_web_texts(settings)
    assert state == "fail"
    assert "line 1" in detail
    write(home / "templates", PRIVACY, "gut")
    assert check_web_texts(settings) == ("ok", "1 own texts are good")


def test_a_draft_with_a_wrong_name_is_told(settings: Settings, home: Path) -> None:
    write(home / "templates-draft", "portal/datenschutz.html", "x")
    assert check(settings) == {
        "portal/datenschutz.html": "no page uses a template of this name",
    }


def test_everything_that_ships_is_good(settings: Settings, home: Path) -> None:
    write(home / "templates", "locale/de/portal.po", 'msgid "Welcome"\nmsgstr "Jode Morje"\n')
    assert check(settings) == {}
    assert {"start", "my-school", "slips", "privacy", "imprint"} <= set(SAMPLES)


def test_every_page_that_can_be_overridden_has_a_preview() -> None:
    shipped = {path.name for path in resources.folder("templates/portal").glob("*.html")}
    # The frame and the parts stand in all of them; the list of previews is for administrators.
    assert shipped - {template for template, _ in SAMPLES.values()} == {
        "base.html", "parts.html", "fault_parts.html", "preview.html", "preview_mail.html",
    }  # fmt: skip


@pytest.mark.parametrize("name", sorted(SAMPLES))
def test_each_preview_shows_the_draft_and_a_broken_one_says_so_beside_the_built_in_text(
    browser: TestClient, home: Path, name: str
) -> None:
    sign_in(browser)
    template = f"portal/{SAMPLES[name][0]}"
    shipped = browser.get(f"/preview/{name}")
    assert shipped.status_code == 200
    good = '{% extends "portal/base.html" %}{% block content %}<h1>Unsere Worte</h1>{% endblock %}'
    write(home / "templates-draft", template, good)
    assert "Unsere Worte" in browser.get(f"/preview/{name}").text
    write(home / "templates-draft", template, "<h1>\nHalbes{{ nichts.da }}</h1>")
    broken = browser.get(f"/preview/{name}")
    assert broken.status_code == 200
    assert "Halbes" not in broken.text, "the built-in text is used"
    told = f"{template}, line 2: &#39;nichts&#39; is undefined"
    assert told in broken.text, "and the page says why"
    assert told in browser.get("/preview").text
