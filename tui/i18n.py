"""Texts of the screen in the user's language: `_` and `ngettext` over small .po catalogues.

Every catalogue of a language's folder is loaded (`tui.po` for frame and screens, `dialogs.po`
for the dialogs), so that each part keeps its own.
"""

from __future__ import annotations

import ast
import os
from pathlib import Path

LOCALE = Path(__file__).parent / "locale"
_messages: dict[str, list[str]] = {}
_language = ""


def read_po(text: str) -> dict[str, list[str]]:
    """Message id → translations (one, or one a plural form); fuzzy and empty ones left out."""
    found: dict[str, list[str]] = {}
    for block in text.split("\n\n"):
        parts: dict[str, str] = {}
        name = ""
        fuzzy = False
        for line in block.splitlines():
            if line.startswith("#"):
                fuzzy = fuzzy or (line.startswith("#,") and "fuzzy" in line)
                continue
            head, quote, rest = line.partition('"')
            if not quote:
                continue
            name = head.strip() or name
            parts[name] = parts.get(name, "") + ast.literal_eval('"' + rest.rstrip())
        strings = [value for key, value in parts.items() if key.startswith("msgstr")]
        if parts.get("msgid") and all(strings) and strings and not fuzzy:
            found[parts["msgid"]] = strings
    return found


def use(language: str) -> None:
    """Switch to a language ('de', 'en'); one without a catalogue shows the English ids."""
    global _language
    _language = language
    _messages.clear()
    for path in sorted((LOCALE / language / "LC_MESSAGES").glob("*.po")):
        _messages.update(read_po(path.read_text("utf-8")))


def language() -> str:
    """The language in use, two letters."""
    if not _language:
        for name in ("SCHOOLOPS_LANG", "LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):
            if word := os.environ.get(name):
                use(word[:2] if word[:2].isalpha() and word[:1] not in "CP" else "en")
                break
        else:
            use("en")
    return _language


def gettext(message: str) -> str:
    """The text in the user's language; the message itself if it has no translation."""
    language()
    found = _messages.get(message)
    return found[0] if found else message


def ngettext(singular: str, plural: str, number: int) -> str:
    """As `gettext`, for a counted thing."""
    language()
    found = _messages.get(singular)
    if found and len(found) > 1:
        return found[0 if number == 1 else 1]
    return singular if number == 1 else plural


_ = gettext
