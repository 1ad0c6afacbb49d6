"""The words of a text for searching: pure.

Folded, cut to their stem by the endings of German inflection, without what stands in every text.
Two texts about the same trouble share them; that is all that is asked of them.
"""

from __future__ import annotations

import re

from inventory.fields import fold

LONGEST = 24
MOST = 40
"""Different words of one text, the first ones."""
_WORD = re.compile(r"[a-z0-9]{2,}")
_ENDINGS = ("ungen", "ung", "innen", "ern", "em", "en", "er", "es", "e", "n", "s")
_KEPT = 4
"""So much of a word stays."""
_STOP = frozenset(
    fold(
        "aber alle als am an auch auf aus bei bin bis bitte da das dass dem den der des die dies "
        "doch ein eine einem einen einer es etwas fuer geht gehen habe haben hat ich ihr im in ist "
        "ja jetzt kann kein keine mehr mein meine mich mir mit nach nicht noch nur oder schon sehr "
        "seit sich sie sind so und uns unser vom von vor war was wenn wie wieder wir wird zu zum "
        "zur danke gruss gruessen hallo liebe guten tag the and is are not does it no my in of to "
        "with for on at we have has hello please thanks work works"
    ).split()
)


def stem(word: str) -> str:
    """'geraeten' → 'geraet', 'leitungen' → 'leit'."""
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= _KEPT:
            return word.removesuffix(ending)
    return word


def words_of(text: str) -> list[str]:
    """The different words of a text in their order, `MOST` at most."""
    found = (stem(word[:LONGEST]) for word in _WORD.findall(fold(text)) if word not in _STOP)
    return list(dict.fromkeys(found))[:MOST]
