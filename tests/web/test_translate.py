"""Every text of the pages is there in every language, and the language is found and kept."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog

from schoolops.core import resources
from schoolops.server.web import legal
from schoolops.server.web.listed import titles
from schoolops.web.languages import SOURCE, Languages
from tests.web.messages import catalogue, missing, wanted

LANGUAGES = Languages()
TAGS = list(LANGUAGES.by_tag)
TRANSLATED = [tag for tag in TAGS if tag != SOURCE]


@pytest.fixture(scope="module")
def messages() -> Catalog:
    return wanted(titles())


def _ids(found: Catalog) -> list[object]:
    return [message.id for message in found if message.id]


@pytest.mark.parametrize("tag", [tag for tag in TRANSLATED if "-" not in tag])
def test_every_message_is_translated(tag: str, messages: Catalog) -> None:
    assert _ids(missing(messages, catalogue(tag))) == []


@pytest.mark.parametrize("tag", [tag for tag in TRANSLATED if "-" in tag])
def test_a_variant_says_every_sentence_in_its_own_way(tag: str, messages: Catalog) -> None:
    lacking = _ids(missing(messages, catalogue(tag)))
    longest = [m[-1] if isinstance(m, tuple) else str(m) for m in lacking]
    assert [message for message in longest if len(message) > 40] == []
    assert tag.partition("-")[0] in TAGS, "single words come from the language itself"


@pytest.mark.parametrize("tag", TRANSLATED)
def test_a_catalogue_holds_nothing_that_no_page_says(tag: str, messages: Catalog) -> None:
    known = set(_ids(messages))
    assert [message for message in _ids(catalogue(tag)) if message not in known] == []


@pytest.mark.parametrize("tag", TRANSLATED)
def test_translations_keep_the_places(tag: str) -> None:
    for message in catalogue(tag):
        ids = message.id if isinstance(message.id, tuple) else (message.id,)
        texts = message.string if isinstance(message.string, tuple) else (message.string,)
        places = set(re.findall(r"%\(\w+\)s|\{\w+(?:!r)?\}", ids[-1]))
        for text in texts:
            found = set(re.findall(r"%\(\w+\)s|\{\w+(?:!r)?\}", text))
            assert found <= places, message.id
            assert places - {"%(count)s"} <= found, message.id


@pytest.mark.parametrize("tag", TAGS)
def test_every_legal_text_stands_in_every_language(tag: str) -> None:
    for name in legal.TITLES:
        assert (resources.folder("templates/portal/legal") / f"{name}.{tag}.html").exists()


@pytest.mark.parametrize(
    ("wanted", "accepted", "tag"),
    [
        ("en", "de", "en"),
        ("xx", "de", "de"),
        (None, "en-GB,en;q=0.8,de;q=0.5", "en"),
        (None, "fr;q=0.9, de-simple;q=0.8", "de-simple"),
        (None, "tr", "de"),
        (None, "en;q=0, *", "de"),
        (None, "en;q=much, , ;;", "de"),
        (None, "", "de"),
    ],
)
def test_the_language_is_the_chosen_one_then_the_browsers_then_german(
    wanted: str | None, accepted: str, tag: str
) -> None:
    assert LANGUAGES.choose(wanted, accepted).tag == tag


def test_the_switch_names_each_language_in_itself() -> None:
    names = [language.name for language in LANGUAGES.by_tag.values()]
    assert names == ["Deutsch", "Einfache Sprache", "English"]


def test_a_sentence_of_the_api_is_said_in_german_too() -> None:
    from inventory.sentences import say

    german = LANGUAGES["de-simple"]
    assert german.sentence(say("the sign-in was cancelled; start it again")).startswith("Sie haben")
    label = say("{label} is not used", label=say("rooms"))
    assert "Räume" in german.sentence(label)


def test_a_city_replaces_single_messages_and_a_broken_catalogue_is_left_out(
    tmp_path: Path,
) -> None:
    (tmp_path / "de").mkdir()
    (tmp_path / "en").mkdir()
    (tmp_path / "de" / "portal.po").write_text('msgid "Welcome"\nmsgstr "Jode Morje"\n')
    (tmp_path / "en" / "portal.po").write_text("not a catalogue\n")
    own = Languages(tmp_path)
    assert own["de"].gettext("Welcome") == "Jode Morje"
    assert own["de-simple"].gettext("Welcome") == "Jode Morje"
    assert own["en"].gettext("Welcome") == "Welcome"
    assert [Path(file).parent.name for file in own.problems] == ["en"]


def test_right_to_left_languages_say_so() -> None:
    from babel.support import NullTranslations

    from schoolops.web.languages import Language

    assert Language("ar", NullTranslations()).direction == "rtl"
    assert Language("de-simple", NullTranslations()).direction == "ltr"
