"""`schoolops readiness`: whether teaching works, at all schools and at one, now and on a day."""

from __future__ import annotations

import pytest

from tests.cli.conftest import Run


def test_all_schools_are_listed_with_a_sum(run: Run) -> None:
    done = run("readiness")
    assert done.code == 0, done.err
    assert "164800" in done.out
    assert "not known" in done.out
    found = run("readiness", "--json").json
    assert found["counts"]["unknown"] == len(found["schools"]) >= 3


def test_one_school_tells_what_it_is_made_of(run: Run) -> None:
    done = run("readiness", "164811")
    assert done.code == 0, done.err
    assert "Schule am Wald" in done.out
    assert "no line is entered as active" in done.out
    assert "service apple-push" in done.out
    found = run("readiness", "164811", "--json").json
    assert (found["level"], found["day"]) == ("unknown", None)


def test_a_morning_of_which_nothing_is_recorded_says_so(run: Run) -> None:
    assert run("readiness", "--date", "2001-01-01").err.endswith("nothing was recorded that day\n")
    done = run("readiness", "164811", "--date", "2001-01-01")
    assert done.code == 1
    assert "nothing was recorded of 164811 on 2001-01-01" in done.err


@pytest.mark.parametrize(
    ("words", "code"), [(("--date", "yesterday"), 2), (("999999",), 1), (("164811", "x"), 2)]
)
def test_wrong_use_says_so(run: Run, words: tuple[str, ...], code: int) -> None:
    done = run("readiness", *words)
    assert done.code == code
    assert done.err
