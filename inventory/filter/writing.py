"""From a tree back to text that reads as an equal tree."""

from __future__ import annotations

import re

from inventory.filter.tree import Filter, Op, Term, Word, escape_pattern
from inventory.kinds import Kind


def to_text(tree: Filter, kind: Kind) -> str:
    """Write a tree that `parse` made for this kind."""
    return " ".join(_term_text(term, kind) for term in tree.terms)


def _term_text(term: Term, kind: Kind) -> str:
    bang = "!" if term.negated else ""
    if isinstance(term, Word):
        return bang + quote(term.text)
    head = f"{bang}{term.field}:"
    if term.op is Op.EMPTY:
        return head
    if term.op is Op.ANY:
        return f"{head}*"
    if term.op is Op.LIKE:
        return head + ",".join(_quote_pattern(str(value)) for value in term.values)
    field = kind.field(term.field)
    sign = "" if term.op is Op.EQ else term.op.value
    return f"{head}{sign}{','.join(quote(field.format(value)) for value in term.values)}"


def quote(text: str) -> str:
    """The text as one literal word or value, in quotes where it needs them."""
    return _quote_pattern(escape_pattern(text))


def _quote_pattern(pattern: str) -> str:
    if re.fullmatch(r"[\w.\-+/@#&*]+", pattern):
        return pattern
    return '"' + pattern.replace('"', '\\"') + '"'
