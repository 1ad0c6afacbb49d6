"""The German catalogue holds every text of the screens and of the inventory."""

from __future__ import annotations

import re

from tui import i18n, messages


def test_no_text_lacks_a_german_one() -> None:
    assert messages.missing("de") == []


def test_placeholders_are_the_same_in_german() -> None:
    plurals = messages.from_code()
    for id, texts in messages.catalogue("de").items():
        known = set(re.findall(r"{\w+}", id + (plurals.get(id) or "")))
        assert set(re.findall(r"{\w+}", "".join(texts))) == known, id


def test_extraction_sees_texts_of_every_kind() -> None:
    found = messages.from_code()
    assert "Overview" in found  # N_ in a table of actions
    assert found["{count} record is retired."] == "{count} records are retired."
    assert "access-point" not in found
    assert "Access point" in messages.from_inventory()


def test_plural_and_unknown_texts() -> None:
    i18n.use("de")
    text = i18n.ngettext("{count} record is retired.", "{count} records are retired.", 2)
    assert text == "{count} Einträge sind stillgelegt."
    assert i18n.gettext("never heard of") == "never heard of"
