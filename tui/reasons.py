"""Why something is not in order, in the person's language.

The server's health rules write one English sentence for all readers. Here their patterns are
known, so that a German screen reads German; a sentence of a newer server, or what a device
said of itself, stands as it came.
"""

from __future__ import annotations

import re
from functools import lru_cache

from tui import cells
from tui.actions import N_
from tui.i18n import _, language

_PLACE = re.compile(r"\\{(\w+)\\}")


def _pattern(message: str) -> re.Pattern[str]:
    """'hot: {value} °C' → a pattern with a group named value."""
    return re.compile(_PLACE.sub(r"(?P<\1>.+?)", re.escape(message)))


WHOLE = (
    N_("no reply"),
    N_("no answer"),
    N_("never measured"),
    N_("never seen"),
    N_("no news of it"),
    N_("the school's agent is silent"),
    N_("not active by contract"),
    N_("is silent"),
    N_("no target answers"),
    N_("no report from the school"),
    N_("no report from the school: line, power or agent"),
    N_("no answer: it is off, unreachable, or the community is wrong"),
    N_("its address cannot be reached from here"),
)
PATTERNS = tuple(
    (message, _pattern(message))
    for message in (
        N_("does not answer: {why}"),
        N_("no answer: {why}"),
        N_("another device answers: serial {value}"),
        N_("read in part: {why}"),
        N_("hot: {value} °C"),
        N_("busy: processor {value} %"),
        N_("memory full: {value} %"),
        N_("loses {value} % of the packets"),
        N_("slow to answer: {value} ms"),
        N_("names resolve slowly: {value} ms"),
        N_("delivers {value} % of the contracted bandwidth"),
        N_("agent's disk is {value} % full"),
        N_("agent dropped {value} reports"),
        N_("behind {name}, which is down"),
        N_("line {name} is down"),
        N_("line {name}: {why}"),
        N_("agent {name}: {why}"),
        N_("down: {names} and {value} more"),
        N_("warning: {names} and {value} more"),
        N_("down: {names}"),
        N_("warning: {names}"),
    )
)
_NAMED = re.compile(r"(?P<name>[^\s:]+): (?P<why>.+)")


@lru_cache(maxsize=1024)
def _translated(text: str, _language: str) -> str:
    if "; " in text:
        return "; ".join(_translated(part, _language) for part in text.split("; "))
    if text in WHOLE:
        return _(text)
    for message, pattern in PATTERNS:
        if found := pattern.fullmatch(text):
            parts = found.groupdict()
            if "why" in parts:
                parts["why"] = _translated(parts["why"], _language)
            return _(message).format(**parts)
    if (found := _NAMED.fullmatch(text)) and not found["why"].isdigit():
        return f"{found['name']}: {_translated(found['why'], _language)}"
    return text


def reason(text: str | None) -> str:
    """A health rule's sentence, clean and in the person's language."""
    if not text:
        return ""
    text = cells.clean(str(text))
    return text if language() == "en" else _translated(text, language())
