"""Whatever is refused can be said in every language: no sentence is put together on the way."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tui import messages

SAYING = (*messages.REFUSALS, "say")


def _name(call: ast.Call) -> str:
    return call.func.id if isinstance(call.func, ast.Name) else ""


def _refusals() -> Iterator[tuple[str, ast.expr]]:
    """(place, first argument) of each error that a speaking module makes."""
    for path in messages.speaking_modules():
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and node.args and _name(node) in SAYING:
                yield f"{path.relative_to(messages.ROOT)}:{node.lineno}", node.args[0]


def test_every_sentence_of_a_refusal_has_a_german_one() -> None:
    wanted = messages.from_sentences()
    assert "{field} must not be empty" in wanted
    assert "a token is needed: ask an administrator for `schoolops token create`" in wanted
    assert len(wanted) > 150
    assert wanted - messages.catalogue("de").keys() == set()


def test_no_refusal_is_put_together_from_pieces() -> None:
    """An f-string or a sum has no message id; `say` takes the values apart from the words."""
    pieces = [place for place, text in _refusals() if isinstance(text, ast.JoinedStr | ast.BinOp)]
    assert pieces == []


def test_the_catalogue_of_sentences_has_nothing_that_nobody_says() -> None:
    path = messages.i18n.LOCALE / "de" / "LC_MESSAGES" / "sentences.po"
    known = messages.i18n.read_po(path.read_text("utf-8"))
    assert known.keys() - messages.from_sentences() == set()
