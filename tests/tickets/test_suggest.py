"""What helped before is found by the words of what is typed, by who may read it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schoolops.core.clock import FixedClock
from schoolops.core.errors import Forbidden, Invalid, NotFound
from schoolops.core.permissions import Actor
from schoolops.tickets import schemas, service, suggesting, tasks
from schoolops.tickets.words import LONGEST, MOST, words_of
from tests.alerts.town import Town
from tests.tickets.conftest import ELSEWHERE, HEAD, PROVIDER, TEACHER, TECHNICIAN
from tests.tickets.test_report import report
from tests.tickets.test_work import do


def found(town: Town, text: str, by: Actor = TECHNICIAN) -> list[str]:
    with town.store.read(by) as connection:
        return [one["title"] for one in suggesting.suggest(connection, by, text)]


def solved(town: Town, text: str, answer: str) -> dict[str, Any]:
    made = report(town, text=text)
    do(town, service.solve, made["id"], answer)
    return made


def article(town: Town, title: str, text: str) -> dict[str, Any]:
    new = schemas.NewArticle(title=title, text=text)
    return dict(do(town, suggesting.write_article, new))


def test_a_solved_ticket_is_found_by_what_was_wrong_and_by_what_helped(town: Town) -> None:
    solved(town, "Beamer zeigt kein Bild", "HDMI-Kabel getauscht")
    solved(town, "Drucker zieht kein Papier", "Einzugsrolle gereinigt")
    open_ = report(town, text="Beamer flackert")
    assert found(town, "die Beamer zeigen nur Blau") == ["Beamer zeigt kein Bild"]
    assert found(town, "Kabel") == ["Beamer zeigt kein Bild"]
    assert found(town, "Druckern Papiere") == ["Drucker zieht kein Papier"]
    assert found(town, "Tafel") == []
    do(town, service.close, open_["id"])
    assert len(found(town, "Beamer")) == 2


def test_articles_come_first_and_are_for_everybody_who_reports(town: Town) -> None:
    solved(town, "Beamer zeigt kein Bild", "Kabel getauscht")
    made = article(town, "Beamer ohne Bild", "Quelle HDMI 1 wählen")
    assert found(town, "Beamer Bild") == ["Beamer ohne Bild", "Beamer zeigt kein Bild"]
    assert found(town, "Beamer Bild", TEACHER) == ["Beamer ohne Bild"]
    assert found(town, "Beamer Bild", ELSEWHERE) == ["Beamer ohne Bild"]
    do(town, suggesting.retire_article, made["id"])
    assert found(town, "Beamer Bild", TEACHER) == []
    with pytest.raises(NotFound):
        do(town, suggesting.retire_article, made["id"])


def test_who_reads_the_tickets_of_a_school_finds_these_alone(town: Town) -> None:
    solved(town, "Beamer zeigt kein Bild", "Kabel")
    elsewhere = Actor.of("h", "head", schools=["164899"])
    assert found(town, "Beamer", HEAD) == found(town, "Beamer", PROVIDER) != []
    assert found(town, "Beamer", elsewhere) == []


def test_a_rare_word_counts_more_than_what_all_say(town: Town) -> None:
    for n in range(12):
        solved(town, f"WLAN langsam {n}", "Kanal gewechselt")
    solved(town, "WLAN Zertifikat abgelaufen", "erneuert")
    assert found(town, "WLAN Zertifikat")[0] == "WLAN Zertifikat abgelaufen"


def test_what_forgot_its_people_is_not_found_any_more(town: Town, clock: FixedClock) -> None:
    made = solved(town, "Beamer von Frau Meier", "Kabel")
    do(town, service.close, made["id"])
    clock.advance(366 * 86_400)
    tasks.forget_people(town.store)
    assert found(town, "Meier Beamer") == []


def test_who_works_at_one_school_writes_nothing_for_all(town: Town) -> None:
    new = schemas.NewArticle(title="x", text="y")
    for by in (HEAD, TEACHER):
        with pytest.raises(Forbidden):
            do(town, suggesting.write_article, new, by=by)
    with pytest.raises(Invalid):
        article(town, " ", "x")


@pytest.mark.parametrize(
    ("one", "other"),
    [("Geräte", "geraet"), ("Leitungen", "Leitung"), ("Beamern", "Beamer"), ("Kabels", "Kabel"),
     ("iPads", "ipad"), ("Druckern", "Drucker"), ("Anmeldungen", "Anmeldung")],
)  # fmt: skip
def test_forms_of_a_word_are_one(one: str, other: str) -> None:
    assert words_of(one) == words_of(other) != []


@given(st.text(max_size=400))
def test_any_text_has_few_short_words(text: str) -> None:
    words = words_of(text)
    assert len(words) == len(set(words)) <= MOST
    assert all(0 < len(word) <= LONGEST for word in words)
    assert words_of(" ".join([text, text])) == words
