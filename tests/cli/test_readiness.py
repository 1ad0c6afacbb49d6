"""`schoolops readiness`: whether teaching works, at all schools and at one, now and on a day."""

from __future__ import annotations

import pytest

from schoolops.cli.readiness import _print_all
from tests.cli.conftest import Run


def test_all_schools_are_listed_with_a_sum(run: Run) -> None:
    done = run("readiness")
    assert done.code == 0, done.err
    assert "164800" in done.out
    assert "not known" in done.out
    found = run("readiness", "--json").json
    assert found["counts"]["unknown"] == len(found["schools"]) >= 3


def test_of_many_schools_what_is_known_comes_first_and_the_rest_is_counted(
    capsys: pytest.CaptureFixture[str],
) -> None:
    schools = [
        {"school": str(n), "name": f"S{n}", "level": "unknown", "reason": "no line"}
        for n in range(150)
    ] + [{"school": "9999", "name": "Last", "level": "limited", "reason": "slow"}]
    found = {"day": None, "schools": schools, "counts": {"limited": 1, "unknown": 150}}
    _print_all(found, everything=False)
    told = capsys.readouterr()
    assert [line.split()[0] for line in told.out.splitlines()] == ["SCHOOL", "9999"]
    assert "150: no line" in told.err
    _print_all(found, everything=True)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 152
    assert lines[1].startswith("9999")


def test_one_school_tells_what_it_is_made_of(run: Run) -> None:
    done = run("readiness", "164811")
    assert done.code == 0, done.err
    assert "Schule am Wald" in done.out
    assert "no line is entered as active" in done.out
    assert "service apple-push" in done.out
    found = run("readiness", "164811", "--json").json
    assert (found["level"], found["day"]) == ("unknown", None)


def test_a_morning_of_which_nothing_is_recorded_says_so(run: Run) -> None:
    for day in ("2001-01-01", "1.1.2001"):
        done = run("readiness", "--date", day)
        assert done.code == 1
        assert done.err.endswith("nothing was recorded that day\n")
    done = run("readiness", "164811", "--date", "2001-01-01")
    assert done.code == 1
    assert "nothing was recorded of 164811 on 2001-01-01" in done.err


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("--date", "someday"), 2),
        (("--date", "gestern"), 1),
        (("999999",), 1),
        (("164811", "x"), 2),
    ],
)
def test_wrong_use_says_so(run: Run, words: tuple[str, ...], code: int) -> None:
    done = run("readiness", *words)
    assert done.code == code
    assert done.err
