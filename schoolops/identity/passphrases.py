"""Passwords for a moment: easy to read out and to type, changed at the first sign-in."""

from __future__ import annotations

import secrets

_CONSONANTS = "bdfghklmnprstvw"
_VOWELS = "aeiou"
# Syllables whose neighbours make words that no child should find on a slip of paper.
_UNWANTED = ("fik", "fut", "hur", "nazi", "pimel", "popo", "sau", "titi", "wixe", "kaka", "pipi")


def new_passphrase() -> str:
    """Such as 'Bamiro-telafu-48': six syllables and two digits, 43 random bits."""
    while True:
        words = ["".join(_syllable() for _ in range(3)) for _ in range(2)]
        if not any(bad in "".join(words) for bad in _UNWANTED):
            break
    digits = "".join(secrets.choice("23456789") for _ in range(2))
    return f"{words[0].capitalize()}-{words[1]}-{digits}"


def _syllable() -> str:
    return secrets.choice(_CONSONANTS) + secrets.choice(_VOWELS)
