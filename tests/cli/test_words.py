"""Words of a command line as filters and values; tables that fit."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory.filter import Match, parse
from inventory.kinds import DEVICE, SCHOOL
from schoolops.cli._guard import UsageError
from schoolops.cli._table import NARROWEST, cut, fit, width
from schoolops.cli._words import columns_of, filter_of, full_references, values_of


@pytest.mark.parametrize(
    ("words", "q"),
    [
        (["form:20", "!health:ok"], "form:20 !health:ok"),
        (["wim wenders"], "wim wenders"),
        (["name:Wim Wenders"], 'name:"Wim Wenders"'),
        (['name:"Wim Wenders"'], 'name:"Wim Wenders"'),
        (["city:Essen authority:10042"], "city:Essen authority:10042"),
        (["city:Essen !gymnasium"], "city:Essen !gymnasium"),
        (["health:down aula"], "health:down aula"),  # quoted it would be no state
        (["!name:Am Rhein"], '!name:"Am Rhein"'),
    ],
)
def test_one_shell_word_with_blanks_is_one_value_where_that_makes_sense(
    words: list[str], q: str
) -> None:
    assert filter_of(SCHOOL, "", words) == q
    parse(q, SCHOOL)


@given(st.text("abcü ß.-", min_size=1).filter(lambda t: len(t.split()) > 1))
def test_any_name_in_one_shell_word_is_found_as_it_is(name: str) -> None:
    (term,) = parse(filter_of(SCHOOL, "", [f"name:{name}"]), SCHOOL).terms
    assert isinstance(term, Match)
    assert term.values == (name.strip(),) or term.values == (name,)


def test_the_kinds_own_filter_comes_first() -> None:
    assert filter_of(DEVICE, "kind:ipad", ["school:164800"]) == "kind:ipad school:164800"


def test_values_may_hold_anything_behind_the_first_equals_sign() -> None:
    values = values_of(DEVICE, ["notes=a=b c", "asset-tag=7", "owner="], "kind:ipad")
    assert values == {"kind": "ipad", "notes": "a=b c", "asset_tag": "7", "owner": ""}


def test_a_room_gets_its_school_and_a_whole_key_stays() -> None:
    values = {"room": "2.14", "parent": "SW-1"}
    full_references(DEVICE, values, "164800")
    assert values == {"room": "164800/2.14", "parent": "SW-1"}
    values = {"room": "100000/1"}
    full_references(DEVICE, values, "164800")
    assert values == {"room": "100000/1"}


def test_columns_are_names_of_the_kind() -> None:
    assert columns_of(DEVICE, "asset-tag, health") == ["asset_tag", "health"]
    for wrong in ("serail", ",", ""):
        with pytest.raises(UsageError):
            columns_of(DEVICE, wrong)


@given(st.lists(st.integers(1, 90), min_size=1, max_size=12), st.integers(20, 200))
def test_columns_fit_and_none_is_widened(widths: list[int], available: int) -> None:
    fitted = fit(widths, available)
    assert fitted
    assert sum(fitted) + 2 * (len(fitted) - 1) <= max(available, NARROWEST)
    assert all(new <= old for new, old in zip(fitted, widths, strict=False))
    assert all(new >= min(old, NARROWEST) for new, old in zip(fitted, widths, strict=False))
    if sum(widths) + 2 * (len(widths) - 1) <= available:
        assert fitted == widths


@given(st.text("aß漢́🏫"), st.integers(1, 20))
def test_a_text_is_cut_to_the_columns_it_may_take(text: str, columns: int) -> None:
    assert width(cut(text, columns)) <= columns


def test_the_help_names_every_kind_and_a_kind_its_fields() -> None:
    from inventory.kinds import KINDS
    from schoolops.cli._words import ANY, WRITTEN, fields_of

    for kind in KINDS.values():
        assert kind.name in ANY or kind.label_plural in ANY, kind.name
        assert (kind.name in WRITTEN) is kind.editable, kind.name
    assert fields_of(KINDS["room"]).startswith("school*, name*, ")
