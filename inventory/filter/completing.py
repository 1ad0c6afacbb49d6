"""What may be typed next in a filter."""

from __future__ import annotations

from inventory.fields import Type, fold
from inventory.filter.names import find_key, keys
from inventory.filter.writing import quote
from inventory.kinds import Kind


def token_start(text: str, cursor: int) -> int:
    """Where the term that ends at the cursor begins; quotes keep their blanks."""
    start, quoted = 0, False
    for at, letter in enumerate(text[:cursor]):
        if letter == '"' and (quoted or at == start or text[at - 1] in "!:,<>="):
            quoted = not quoted
        elif letter.isspace() and not quoted:
            start = at + 1
    return start


def complete(kind: Kind, text: str, cursor: int) -> list[str]:
    """What may stand instead of `text[token_start(text, cursor):cursor]`: keys, then values.

    'he' → ['health:'], 'health:down,w' → ['health:down,warning'], '!ki' → ['!kind:'].
    Empty where anything may be typed.
    """
    token = text[token_start(text, cursor) : cursor]
    bang = "!" if token.startswith("!") else ""
    key, colon, rest = token.removeprefix("!").partition(":")
    if not colon:
        return [f"{bang}{name}:" for name in keys(kind) if name.startswith(fold(key))]
    name = find_key(kind, key)
    if name is None:
        return []
    field = kind.field(name)
    choices = {"yes": "", "no": ""} if field.type is Type.BOOLEAN else dict(field.choices)
    before, comma, last = rest.rpartition(",")
    taken = before.split(",")
    typed = fold(last)
    return [
        f"{bang}{key}:{before}{comma}{quote(word)}"
        for word, label in choices.items()
        if word not in taken and (fold(word).startswith(typed) or fold(label).startswith(typed))
    ]
