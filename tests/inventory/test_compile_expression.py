"""Conditions that people write: what they give, and what is said about wrong ones."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory.expression import (
    NUMBER,
    TEXT,
    TRUTH,
    ExpressionError,
    compile_expression,
)

FIELDS = {"loss": NUMBER, "rtt": NUMBER, "up": TRUTH, "kind": TEXT}


def value(text: str, wanted: str = TRUTH, **facts: Any) -> Any:
    return compile_expression(text, FIELDS, wanted).value(facts)


@pytest.mark.parametrize(
    ("text", "facts", "expected"),
    [
        ("loss >= 5", {"loss": 5}, True),
        ("loss >= 5", {"loss": 4.9}, False),
        ("loss >= 5", {}, None),
        ("1 < loss < 5", {"loss": 3}, True),
        ("1 < loss < 5", {"loss": 7}, False),
        ("not up", {"up": False}, True),
        ("not up", {}, None),
        ("up == false", {"up": False}, True),
        ("up and loss > 1", {"up": False}, False),
        ("up and loss > 1", {"up": True}, None),
        ("up or loss > 1", {"up": True}, True),
        ("up or loss > 1", {"up": False}, None),
        ("kind in ('switch', 'router')", {"kind": "router"}, True),
        ("kind not in ('switch',)", {"kind": "router"}, True),
        ("kind in ('switch',)", {}, None),
        ("loss / rtt > 0.5", {"loss": 1, "rtt": 0}, None),
        ("max(loss, rtt) - 1 == 8", {"loss": 9, "rtt": 2}, True),
        ("abs(-loss) == 3", {"loss": 3}, True),
        ("known(loss)", {}, False),
        ("known(loss)", {"loss": 0}, True),
    ],
)  # fmt: skip
def test_a_condition_gives_true_false_or_not_known(
    text: str, facts: dict[str, Any], expected: bool | None
) -> None:
    assert value(text, **facts) is expected


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("los > 5", "there is no 'los' to ask for (did you mean loss?)"),
        ("loss = 5", "write == to compare"),
        ("up && loss > 1", "write 'and' and 'or'"),
        ("loss >", "something is missing at its end"),
        ("loss", "it gives a number, and true or false is needed"),
        ("up > 1", "only numbers are more or less"),
        ("kind == 1", "'1' is a number, and a text is needed there"),
        ("loss + up > 1", "'up' is true or false, and a number is needed there"),
        ("loss ** 999 > 1", "cannot be used here"),
        ("__import__('os')", "the functions are abs, known, max, min"),
        ("(lambda: 1)() > 0", "the functions are abs, known, max, min"),
        ("loss.real > 1", "cannot be used here"),
        ("[x for x in (1,)]", "cannot be used here"),
        ("kind in kind", "'in' wants a list"),
        ("loss is 1", "compare with <"),
        ("loss > 1e999", "a number is too large"),
        ("abs(loss, 1) > 1", "another number of values"),
        ("known(loss, rtt)", "'known' asks for one fact"),
        ("not " * 60 + "up", "nested too deeply"),
        ("loss > 1 or " * 100 + "up", "more than 500 characters"),
        ("loss > b'x'", "cannot be used here"),
        ("", "something is missing at its end"),
    ],
)
def test_a_wrong_one_is_refused_with_what_is_wrong(text: str, said: str) -> None:
    with pytest.raises(ExpressionError, match=None) as refused:
        compile_expression(text, FIELDS)
    assert said in str(refused.value)


def test_it_names_the_facts_it_asks_for() -> None:
    assert compile_expression("up and loss > 1", FIELDS).names == {"up", "loss"}


@given(st.text(max_size=80))
def test_any_text_is_compiled_or_refused(text: str) -> None:
    with contextlib.suppress(ExpressionError):
        compile_expression(text, FIELDS)


@given(
    st.sampled_from(["up and loss > 1", "not up or rtt < 2", "1 < loss <= 3", "known(rtt) and up"]),
    st.sampled_from([None, 0.0, 1.5, 3.0]),
    st.sampled_from([None, True, False]),
)
def test_what_is_not_known_never_decides_alone(
    text: str, number: float | None, truth: bool | None
) -> None:
    """If 'not known' comes out, then another value of an unknown fact could change the answer."""
    facts = {"loss": number, "rtt": number, "up": truth}
    if value(text, **facts) is None:
        assert None in facts.values()
