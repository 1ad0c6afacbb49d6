"""What the server, the client and the vocabulary say, in the person's language.

Their sentences are English and come with the id of the catalogue and the values in it
(`inventory.sentences`): as members of a problem, beside a row's reason, or as a `Sentence`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from inventory.sentences import Sentence, fill, wire
from tui.cells import clean, when
from tui.i18n import gettext

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")


def said(what: BaseException | str, **instead: str) -> str:
    """The sentence of an error or a text; `instead` are other values for its places."""
    return translated(found_in(what), str(getattr(what, "detail", what)), **instead)


def is_sentence(error: BaseException) -> bool:
    """Whether an error of the vocabulary says something meant for people."""
    return bool(error.args) and isinstance(error.args[0], Sentence)


def found_in(what: BaseException | str) -> Mapping[str, Any]:
    """`message` and `params` of an error, as the server sent them or as it holds them itself."""
    extra = getattr(what, "extra", None)
    if isinstance(extra, dict) and "message" in extra:
        return extra
    detail = getattr(what, "detail", what)
    if isinstance(detail, BaseException) and is_sentence(detail):
        detail = detail.args[0]
    return wire(str(detail) if isinstance(detail, BaseException) else detail)


def translated(found: Mapping[str, Any], fallback: str, **instead: str) -> str:
    """A sentence from `message` and `params`; `fallback` where an older server sent none."""
    message, params = found.get("message"), found.get("params")
    if not isinstance(message, str) or not isinstance(params, dict):
        return clean(fallback)
    params = {name: _local(value) for name, value in params.items()} | instead
    text = clean(fill(message, params, gettext))
    return text[:1].upper() + text[1:] if _begins_with_a_word(message, params) else text


def _local(value: Any) -> Any:
    """A server's time as people read it here."""
    return when(value, long=True) if isinstance(value, str) and _TIME.fullmatch(value) else value


def _begins_with_a_word(message: str, params: Mapping[str, Any]) -> bool:
    """Whether the first letter is ours; a field's name or a file's stays as it is written."""
    text = gettext(message)
    if not text.startswith("{"):
        return True
    first = params.get(text[1:].partition("}")[0])
    if not isinstance(first, Mapping):
        return False
    return _begins_with_a_word(str(first.get("message", "")), first.get("params") or {})
