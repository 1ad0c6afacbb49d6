"""Sentences that keep their message and its values."""

from __future__ import annotations

import pytest

from inventory.filter import FilterError, parse
from inventory.kinds import KINDS
from inventory.sentences import as_sentence, did_you_mean, fill, join, say, wire

GERMAN = {
    "{field} wants one of {known}, not {text!r}": "{field} erwartet {known}, nicht „{text}“",
    "{problem} (at character {position} of the filter)": "{problem} (Zeichen {position})",
    "a {kind} is missing": "es fehlt: {kind}",
    "school": "Schule",
}


def german(message: str) -> str:
    return GERMAN.get(message, message)


def test_a_sentence_is_its_english_text() -> None:
    sentence = say("{field} wants a number, not {text!r}", field="seats", text="viele")
    assert sentence == "seats wants a number, not 'viele'"
    assert str(ValueError(sentence)) == "seats wants a number, not 'viele'"


def test_it_is_filled_in_again_in_another_language() -> None:
    sentence = say("a {kind} is missing", kind=say("school"))
    assert sentence == "a school is missing"
    assert fill(sentence.message, sentence.params, german) == "es fehlt: Schule"


def test_what_is_joined_stays_apart_by_its_key() -> None:
    both = join({"kind": say("a {kind} is missing", kind=say("school")), "name": "too {odd}"})
    assert both == "a school is missing; too {odd}"
    assert both.params["kind"]["message"] == "a {kind} is missing"
    assert fill(both.message, both.params, german) == "es fehlt: Schule; too {odd}"
    assert join([]) == ""


def test_values_are_never_read_as_places_or_markup() -> None:
    sentence = say("{a} and {b}", a="{b}", b="{a.__class__} %s")
    assert sentence == "{b} and {a.__class__} %s"


def test_a_plain_text_is_a_sentence_without_values() -> None:
    assert wire("give {x} or y") == {"message": "give {x} or y", "params": {}}
    assert as_sentence(ValueError("no")) == "no"


def test_near_words_are_named() -> None:
    assert did_you_mean(say("no"), []) == "no"
    assert did_you_mean(say("no"), ["pc", "ipad"]) == "no (did you mean pc, ipad?)"


def test_a_wrong_filter_knows_its_problem_apart_from_its_place() -> None:
    with pytest.raises(FilterError) as refused:
        parse("health:gone", KINDS["school"])
    sentence = as_sentence(refused.value)
    assert sentence.params["position"] == 8
    assert fill(sentence.message, sentence.params, german).startswith(
        "health erwartet down, warning, unknown, ok, nicht „gone“ (Zeichen 8)"
    )
