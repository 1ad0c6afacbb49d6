"""The check digit of school numbers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory.schoolnumber import check_digit, doubt


@pytest.mark.parametrize("number", ["164800", "100675", "136566", "183428", "180798"])
def test_numbers_of_the_states_list_fit(number: str) -> None:
    assert check_digit(number) == int(number[5])
    assert doubt(number) == ""


@pytest.mark.parametrize("number", ["264800", "16480", "1648000", "16480a", "", "１64800"])
def test_what_is_no_six_digits_with_a_one_in_front_is_doubted(number: str) -> None:
    assert "six digits" in doubt(number)


def test_the_oldest_numbers_are_not_checked() -> None:
    assert doubt("100000") == ""
    assert doubt("100012") == ""


@given(st.integers(10_020, 19_999), st.integers(1, 4), st.integers(1, 9))
def test_one_wrong_digit_is_noticed_unless_the_rest_is_ten(five: int, place: int, by: int) -> None:
    right = f"{five}{check_digit(str(five))}"
    wrong = right[:place] + str((int(right[place]) + by) % 10) + right[place + 1 :]
    weighted = [sum(w * int(d) for w, d in zip((6, 5, 4, 3, 2), n, strict=False)) % 11
                for n in (right, wrong)]  # fmt: skip
    if int(wrong) > 100_190 and not {10, 0} >= set(weighted):
        assert "check digit" in doubt(wrong)
