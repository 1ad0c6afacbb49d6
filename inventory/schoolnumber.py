"""The Schulnummer of North Rhine-Westphalia: six digits, the first a 1, the last a check digit.

The check digit is documented nowhere. It holds for all numbers above 100190 in the state's own
list, so a wrong one deserves a warning (probably a typing error) and never a refusal.
"""

from __future__ import annotations

import re

from inventory.sentences import say

_FIRST_CHECKED = 100_190


def check_digit(number: str) -> int:
    """The last digit that the first five ask for. Takes five or six digits."""
    return sum(w * int(d) for w, d in zip((6, 5, 4, 3, 2), number[:5], strict=True)) % 11 % 10


def doubt(number: str) -> str:
    """Why a school number looks wrong, or '' if it looks right."""
    if not re.fullmatch(r"1\d{5}", number, re.ASCII):
        return say(
            "{number} is no school number of the state: six digits, the first a 1", number=number
        )
    wanted = check_digit(number)
    if int(number) > _FIRST_CHECKED and wanted != int(number[5]):
        return say(
            "the check digit of {number} does not fit: the last digit would be {wanted}",
            number=number,
            wanted=wanted,
        )
    return ""
