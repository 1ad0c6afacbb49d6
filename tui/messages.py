"""`python -m tui.messages [--update]`: which texts there are, and which lack a German one.

Messages are extracted freshly from the code by Babel's extractor and from the vocabulary of
the inventory (kinds, fields, choices). With `--update`, missing ids are added to `tui.po` with
an empty translation, and ids that nothing uses any more are taken out.
"""

from __future__ import annotations

import sys
from pathlib import Path

from inventory.kinds import HEALTH_FIELDS, KINDS, SYSTEM_FIELDS
from tui import i18n

HERE = Path(__file__).parent
KEYWORDS: dict[str, tuple[int, ...] | None] = {
    "_": None,
    "N_": None,
    "gettext": None,
    "ngettext": (1, 2),
}


def from_code(folder: Path = HERE) -> dict[str, str | None]:
    """Message id → its plural id or None, of every `_()`, `N_()` and `ngettext()`."""
    from babel.messages.extract import extract_from_dir

    found: dict[str, str | None] = {}
    for _file, _line, message, _notes, _context in extract_from_dir(
        folder, [("**.py", "python")], keywords=KEYWORDS
    ):
        if isinstance(message, tuple):
            found[message[0]] = message[1]
        elif message:
            found.setdefault(message, None)
    return found


def from_inventory() -> set[str]:
    """Labels of kinds, fields and choices."""
    found = set()
    fields = [*SYSTEM_FIELDS, *HEALTH_FIELDS]
    for kind in KINDS.values():
        found |= {kind.label, kind.label_plural}
        fields += kind.fields
    for field in fields:
        # The state's own list of school forms is German in every language.
        choices = {} if field.name == "form" else field.choices
        found |= {field.label, *choices.values()}
    return found


def catalogue(language: str) -> dict[str, list[str]]:
    """All translations of a language."""
    found: dict[str, list[str]] = {}
    for path in sorted((i18n.LOCALE / language / "LC_MESSAGES").glob("*.po")):
        found.update(i18n.read_po(path.read_text("utf-8")))
    return found


def missing(language: str = "de") -> list[str]:
    """Ids without a translation, or with too few plural forms."""
    known = catalogue(language)
    wanted = from_code() | dict.fromkeys(from_inventory())
    return sorted(
        id
        for id, plural in wanted.items()
        if id not in known or (plural is not None and len(known[id]) < 2)
    )


def update(path: Path) -> int:
    """Rewrite one catalogue; the number of ids still without translation."""
    from babel.messages.pofile import read_po, write_po

    with path.open("rb") as file:
        book = read_po(file, locale="de")
    known = catalogue("de")
    for name in missing():
        book.add(name if (plural := from_code().get(name)) is None else (name, plural))
    used = from_code() | dict.fromkeys(from_inventory())
    for message in list(book):
        id = message.id[0] if isinstance(message.id, tuple) else message.id
        if id and id not in used:
            book.delete(message.id)
    with path.open("wb") as file:
        write_po(file, book, width=100, sort_output=True, omit_header=False)
    return len([id for id in used if id not in known])


if __name__ == "__main__":
    if "--update" in sys.argv:
        update(i18n.LOCALE / "de" / "LC_MESSAGES" / "tui.po")
    lacking = missing()
    sys.stdout.write("".join(f"{id!r}\n" for id in lacking))
    sys.exit(1 if lacking else 0)
