"""From the QR code of a room or device to 'thank you', on a phone, with and without JavaScript."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest
import uvicorn
from sqlalchemy import select, update

from schoolops.core.clock import FixedClock
from schoolops.core.permissions import SYSTEM, Actor
from schoolops.core.settings import load_settings
from schoolops.db.engine import Store
from schoolops.estate import places
from schoolops.estate.models import TABLES
from schoolops.server.app import Door, make_app
from schoolops.server.web import faults
from schoolops.tickets import belonging
from schoolops.tickets.models import ticket, ticket_entry, ticket_file, ticket_page
from schoolops.tickets.tasks import forget_closed
from schoolops.web.limits import Rate
from tests.alerts.town import Town
from tests.tickets.pictures import jpeg_with_gps, png_with_text
from tests.web.browser import NARROW, Served, Window, copy_of, window
from tests.web.conftest import CITY
from tests.web.test_pages import LANGUAGES, check
from tests.web.test_walk_by_keyboard import walk


class City(NamedTuple):
    """A town, and the server of its pages."""

    town: Town
    served: Served


PHONE = {"width": 390, "height": 844}
SCHOOL = "164800"


@pytest.fixture(scope="module")
def city(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    """A town whose line and access points report, and its pages on a real server of the same
    clock: what is silent there is silent because a test wants it."""
    home = tmp_path_factory.mktemp("reports") / "home"
    copy_of(migrated_sqlite, home)
    # The settings ask the environment where home is, as long as they are used.
    with pytest.MonkeyPatch.context() as patch:
        for name, value in (CITY | {"SCHOOLOPS_HOME": str(home)}).items():
            patch.setenv(name, value)
        clock = FixedClock()
        store = Store.open(load_settings(), clock)
        town = Town(store, clock)
        with listening(Door(make_app(store, background=False), local=False)) as url:
            yield City(town, Served(url, home, store))
        store.close()


@contextmanager
def listening(app: Any) -> Iterator[str]:
    """The application behind a socket of loopback; its address."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error", lifespan="off"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join(10)


@pytest.fixture
def town(city: City) -> Town:
    return city.town


@pytest.fixture
def served(city: City, monkeypatch: pytest.MonkeyPatch) -> Served:
    """The pages of the town, to which nobody has reported anything yet."""
    monkeypatch.setattr(faults, "SENDS", Rate(60, 20))
    with city.town.store.writer.begin() as connection:
        for table in (ticket, ticket_entry, ticket_file, ticket_page):
            connection.execute(table.delete())
    return city.served


def code_of(served: Served, key: str, kind: str = "room") -> str:
    with served.store.write(SYSTEM) as unit:
        return str(places.make(unit, key, "", kind)["code"])


@pytest.fixture
def code(served: Served) -> str:
    return code_of(served, f"{SCHOOL}/1.01")


def rows(served: Served, table: Any = ticket) -> list[Any]:
    with served.store.read() as connection:
        return list(connection.execute(select(table).order_by(table.c[table.c.keys()[0]])).all())


@contextmanager
def phone(chromium: Any, served: Served, *, javascript: bool = True) -> Iterator[Window]:
    with window(chromium, served, javascript=javascript) as seen:
        seen.page.set_viewport_size(PHONE)
        yield seen


@contextmanager
def browser(served: Served) -> Iterator[httpx.Client]:
    with httpx.Client(
        base_url=served.url, trust_env=False, follow_redirects=True,
        headers={"accept": "text/html", "accept-language": "en"},
    ) as client:  # fmt: skip
        yield client


def key_of(page: httpx.Response) -> str:
    found = re.search(r'name="key" value="([^"]+)"', page.text)
    assert found, page.text
    return found[1]


def post(client: httpx.Client, code: str, what: str = "network", **fields: Any) -> httpx.Response:
    """The form of the page, filled in and sent as a browser sends it."""
    photo = fields.pop("photo", None)
    form = {"key": key_of(client.get(f"/r/{code}?what={what}")), "what": what, "text": ""} | fields
    sent = [(name, (None, value)) for name, value in form.items()]
    sent.append(("photo", ("p.jpg", photo) if photo else ("", b"")))  # type: ignore[arg-type]
    return client.post(f"/r/{code}", files=sent)  # type: ignore[arg-type]


@pytest.mark.parametrize("javascript", [True, False])
def test_three_taps_and_nothing_typed_lead_from_the_code_to_thank_you(
    javascript: bool, chromium: Any, served: Served, code: str
) -> None:
    with phone(chromium, served, javascript=javascript) as seen:
        page = seen.open(f"/r/{code}")  # the first tap is the camera's, on the link
        for name in ("Internet oder WLAN", "Ein Gerät", "Etwas anderes"):
            box = page.get_by_role("link", name=name).bounding_box()
            assert box is not None
            assert box["height"] >= 44
            assert box["y"] + box["height"] <= PHONE["height"], "seen without scrolling"
        page.get_by_role("link", name="Internet oder WLAN").click()
        page.get_by_role("button", name="Meldung abschicken").first.click()
        assert page.locator("h1").inner_text() == "Danke"
        (row,) = rows(served)
        assert f"Nummer {row.id}" in seen.text()
        assert (row.via, row.category, row.language) == ("qr", "network", "de")
        assert row.title == "Internet oder WLAN funktioniert nicht"
        page.get_by_role("link", name="Zur Seite meiner Meldung").click()
        assert "Ihre Meldung ist da." in seen.text()
        secret = page.url.rpartition("/")[2]
        assert secret not in str(rows(served, ticket_page)), "only a hash is kept"


def test_every_page_passes_axe_and_the_keyboard(chromium: Any, served: Served, code: str) -> None:
    device = code_of(served, f"{SCHOOL}-AP3", "device")
    board = code_of(served, SCHOOL, "school")
    with browser(served) as client:
        page = post(client, code, text="WLAN weg").url.path.removesuffix("/thanks")
    paths = [f"/r/{code}", f"/r/{code}?what=other", f"/r/{device}", f"/board/{board}", page,
             f"{page}/thanks?photo=heic&mail=wrong"]  # fmt: skip
    with window(chromium, served, javascript=True, width=NARROW) as seen:
        for path in paths:
            seen.open(path)
            check(seen, path)
    with phone(chromium, served, javascript=False) as seen:
        for path in (*paths[:3], page):
            seen.open(path)
            walk(seen)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_pages_speak_every_language(language: str, served: Served, code: str) -> None:
    words = {"de": "Was funktioniert hier nicht?", "de-simple": "Was geht hier nicht?",
             "en": "What does not work here?"}  # fmt: skip
    with browser(served) as client:
        text = client.get(f"/r/{code}?lang={language}").text
        assert words[language] in text
        assert f"what=network&amp;lang={language}" in text, "the language goes along"


def test_a_known_fault_stands_on_top_and_one_tap_joins_it(
    chromium: Any, town: Town, served: Served, code: str
) -> None:
    town.cut.add(SCHOOL)
    town.minutes(4)
    try:
        (fault,) = town.incidents()
        with browser(served) as client:
            post(client, code_of(served, f"{SCHOOL}/1.02"))
        with town.store.write(Actor.of("t.technik", "technician")) as unit:
            belonging.tell_all(unit, fault.uid, "Bagger, zurück um 10:30")
        with phone(chromium, served, javascript=False) as seen:
            page = seen.open(f"/r/{code}")
            assert "Das wissen wir schon" in seen.text()
            assert fault.title_de in seen.text()
            assert "Bagger, zurück um 10:30" in seen.text()
            page.get_by_role("button", name="Ich bin auch betroffen").click()
            assert "Störung, die wir kennen" in seen.text()
        assert [row.incident_id for row in rows(served)] == [fault.id] * 2
    finally:
        town.cut.clear()
        town.minutes(3)
    assert {row.state for row in rows(served)} == {"solved"}


def test_fourteen_teachers_report_an_outage_and_read_the_one_update(
    chromium: Any, town: Town, served: Served, code: str
) -> None:
    codes = [code, code_of(served, f"{SCHOOL}/1.02"), code_of(served, f"{SCHOOL}-AP3", "device")]
    town.cut.add(SCHOOL)
    town.minutes(4)
    try:
        with browser(served) as client:
            own = [post(client, codes[n % 3]).url.path.removesuffix("/thanks") for n in range(13)]
            with phone(chromium, served, javascript=False) as seen:
                page = seen.open(f"/r/{code}?what=network")
                page.get_by_role("button", name="Meldung abschicken").first.click()
                (fault,) = town.incidents()
                with town.store.write(Actor.of("t.technik", "technician")) as unit:
                    told = belonging.tell_all(unit, fault.uid, "Bagger, zurück um 10:30")
                assert told == {"tickets": 14}
                page.get_by_role("link", name="Zur Seite meiner Meldung").click()
                assert "Bagger, zurück um 10:30" in seen.text()
            assert len(set(own)) == 13
            assert all("Bagger, zurück um 10:30" in client.get(path).text for path in own)
    finally:
        town.cut.clear()
        town.minutes(3)


def test_the_reporter_closes_and_opens_again_and_adds_a_word(
    chromium: Any, served: Served, code: str
) -> None:
    with phone(chromium, served, javascript=False) as seen:
        page = seen.open(f"/r/{code}?what=device")
        page.get_by_label("Ein paar Worte").fill("Beamer flackert <script>")
        page.get_by_role("button", name="Meldung abschicken").first.click()
        page.get_by_role("link", name="Zur Seite meiner Meldung").click()
        assert "Beamer flackert <script>" in seen.text()
        page.get_by_role("button", name="Geht wieder").click()
        assert rows(served)[0].state == "closed"
        page.get_by_role("button", name="Noch immer kaputt").click()
        assert rows(served)[0].state == "open"
        page.get_by_label("Ihre Worte").fill("nur am Vormittag")
        page.get_by_role("button", name="Abschicken").click()
        assert "nur am Vormittag" in seen.text()
    said = [one for one in rows(served, ticket_entry) if one.what in ("message", "state")]
    assert [(one.side, one.what) for one in said] == [
        ("reporter", "state"), ("reporter", "state"), ("reporter", "message"),
    ]  # fmt: skip


def test_a_form_sent_twice_is_one_report_with_one_page(served: Served, code: str) -> None:
    with browser(served) as client:
        key = key_of(client.get(f"/r/{code}?what=network"))
        first, again = post(client, code, key=key), post(client, code, key=key)
        assert first.url == again.url
        assert len(rows(served)) == 1
        other = post(client, code, key=key, text="und der Drucker auch")
        assert other.url != first.url, "other words are another report"
        guessed = post(client, code, key="1").url, post(client, code, key="1").url
        assert guessed[0] != guessed[1], "a key that is not ours leads to no page by guessing"


def test_a_forged_or_old_address_says_so(served: Served, code: str) -> None:
    with browser(served) as client:
        page = post(client, code).url.path.removesuffix("/thanks")
        assert client.get(page).status_code == 200
        for forged in ("/t/stp_forged", page[:-1], f"{page}/thanks"[:-9] + "x", "/t/%00"):
            answer = client.get(forged)
            assert answer.status_code == 404, forged
            assert "This address leads to no report" in answer.text
        assert client.post("/t/stp_forged", data={"works": "yes"}).status_code == 404
        with served.store.writer.begin() as connection:
            connection.execute(ticket_page.delete())
        assert "it is old, or was not copied whole" in client.get(page).text


def test_the_code_of_a_retired_device_says_so_and_takes_a_report_of_its_room(
    served: Served,
) -> None:
    devices = TABLES["device"]
    device = code_of(served, f"{SCHOOL}-AP2", "device")
    where = devices.c.serial == f"{SCHOOL}-AP2"
    with browser(served) as client:
        assert "This device" in client.get(f"/r/{device}").text
        with served.store.writer.begin() as connection:
            connection.execute(update(devices).where(where).values(retired_at=1))
        try:
            text = client.get(f"/r/{device}").text
            assert "The device AP2 is not in use any more" in text
            assert "what does not work in room 1.01" in text
            post(client, device, "device")
        finally:
            with served.store.writer.begin() as connection:
                connection.execute(update(devices).where(where).values(retired_at=None))
        (row,) = rows(served)
        assert (row.device_id, row.room_id is not None) == (None, True)
        post(client, device, "device")
        assert rows(served)[1].device_id is not None
        assert rows(served)[1].title == "AP2 does not work"


def test_a_photo_is_kept_without_where_it_was_taken(served: Served, code: str) -> None:
    taken = jpeg_with_gps()
    assert b"GPS-HERE" in taken
    with browser(served) as client:
        page = post(client, code, photo=taken)
        assert "not kept" not in page.text
        client.post(
            page.url.path.removesuffix("/thanks"),
            files={"text": (None, "noch eins"), "photo": ("x.png", png_with_text())},
        )
    kept = rows(served, ticket_file)
    assert [one.type for one in kept] == ["image/jpeg", "image/png"]
    for one in kept:
        assert not any(word in one.data for word in (b"GPS-HERE", b"Exif", b"tEXt", b"Kamera 7"))
        assert one.size == len(one.data)
        assert one.school_id is not None


@pytest.mark.parametrize(
    ("photo", "said"),
    [
        (b"\0\0\0\x18ftypheic" + bytes(100), "format HEIC"),
        (b"GIF89a" + bytes(100), "no JPEG and no PNG"),
        (b"\xff\xd8\xff\xe1" + bytes(3), "no JPEG and no PNG"),
        (b"\xff\xd8\xff" + bytes(25_000_100), "larger than 25 MB"),
        (b"\xff\xd8\xff" + bytes(40_000_000), "larger than 25 MB"),
    ],
    ids=["heic", "gif", "cut off", "25 MB", "40 MB"],
)
def test_a_photo_that_cannot_be_kept_never_costs_the_report(
    photo: bytes, said: str, served: Served, code: str
) -> None:
    with browser(served) as client:
        page = post(client, code, text="kaputt", photo=photo)
    assert page.status_code == 200
    assert said in page.text
    assert [row.title for row in rows(served)] == ["kaputt"]
    assert rows(served, ticket_file) == []


def test_an_address_that_is_none_never_costs_the_report(served: Served, code: str) -> None:
    with browser(served) as client:
        page = post(client, code, name="L. Lehrer", mail="lehrer@")
        assert "The e-mail address is not complete" in page.text
        post(client, code, name="L. Lehrer", mail="l.lehrer@schule.example", text="x")
    assert [row.reporter_mail for row in rows(served)] == ["", "l.lehrer@schule.example"]


def test_a_prank_does_not_flood_and_other_rooms_go_on(served: Served, code: str) -> None:
    with browser(served) as client:
        answers = [post(client, code, text=f"haha {n}").status_code for n in range(22)]
        assert answers == [200] * 20 + [429] * 2
        other = code_of(served, f"{SCHOOL}/1.02")
        assert post(client, other).status_code == 200
        faults.SENDS.take("127.0.0.1", 60 - 23)
        assert post(client, other, text="one address too often").status_code == 429


def test_the_board_names_rooms_and_troubles_and_no_person_and_no_words(
    chromium: Any, town: Town, served: Served, code: str
) -> None:
    board = code_of(served, SCHOOL, "school")
    with window(chromium, served) as seen:
        answer = seen.page.goto(f"{served.url}/board/{board}")
        assert answer is not None
        assert answer.header_value("refresh") == "60"
        assert "Alles funktioniert" in seen.text()
        with browser(served) as client:
            sent = post(client, code, "device", text="Frau Meier war es", name="K. Klein")
            assert sent.status_code == 200
        seen.page.reload()
        text = seen.text()
        assert "Raum 1.01: Ein Gerät" in text
        assert not any(word in text for word in ("Alles funktioniert", "Meier", "Klein"))
        size = seen.page.locator("h2").first.evaluate(
            "e => parseFloat(getComputedStyle(e).fontSize)"
        )
        assert size >= 48, "read from five metres"
        seen.open("/board/nothing", 404)
        seen.open(f"/r/{board}", 404)


def test_who_signed_in_reports_by_a_form_and_finds_the_own_reports(
    chromium: Any, served: Served
) -> None:
    cookie = served.session("Lena Lehrer", groups=[f"/schools/{SCHOOL}/teacher"])
    with window(chromium, served, cookie) as seen:
        page = seen.open("/report")
        assert page.locator("nav a[aria-current]").inner_text() == "Störung melden"
        page.get_by_role("button", name="Meldung abschicken").click()
        assert "Wählen Sie, was nicht funktioniert" in seen.text()
        page.get_by_label("Was funktioniert nicht?").select_option("device")
        page.get_by_label("Raum").select_option("1.02")
        page.get_by_label("Ein paar Worte").fill("Beamer flackert")
        photo = {"name": "x.jpg", "mimeType": "image/jpeg", "buffer": jpeg_with_gps()}
        page.get_by_label("Ein Foto").set_input_files(photo)  # type: ignore[arg-type]
        page.get_by_role("button", name="Meldung abschicken").click()
        (row,) = rows(served)
        assert page.url.endswith(f"/report/{row.id}")
        assert "Ein Foto ist angekommen" in seen.text()
        assert (row.reporter, row.via, row.room_id is not None) == ("lena lehrer", "web", True)
        page.get_by_role("button", name="Geht wieder").click()
        page.get_by_role("link", name="Alle meine Meldungen").click()
        assert f"{row.id} · Beamer flackert" in seen.text()
        assert rows(served)[0].state == "closed"
    stranger = served.session("K. Kollege", groups=[f"/schools/{SCHOOL}/teacher"])
    with window(chromium, served, stranger) as seen:
        seen.open(f"/report/{row.id}", 404)
        seen.open("/report")
        assert "noch nichts gemeldet" in seen.text()
    pupil = served.session("Mia M.", groups=[f"/schools/{SCHOOL}/pupil"])
    with window(chromium, served, pupil) as seen:
        seen.open("/report", 403)


def test_photos_and_pages_end_ninety_days_after_their_report_was_closed(
    town: Town, served: Served, code: str
) -> None:
    with browser(served) as client:
        page = post(client, code, photo=jpeg_with_gps()).url.path.removesuffix("/thanks")
        client.post(page, data={"works": "yes"})
        day_us = 24 * 3600 * 1_000_000
        for days, status, kept in ((89, 200, 1), (91, 404, 0)):
            with served.store.writer.begin() as connection:
                closed_at = town.clock.now() - days * day_us
                connection.execute(update(ticket).values(closed_at=closed_at))
            forget_closed(town.store)
            assert client.get(page).status_code == status
            assert len(rows(served, ticket_file)) == kept
