"""What is to be translated: found anew in templates and code, for the test of the catalogues.

    python -m tests.web.messages de-simple

prints what a catalogue lacks, ready to be filled in.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Iterable

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from inventory.choices import CONTACT_ROLES
from inventory.kinds import EDITABLE
from schoolops.core import resources

NAME = "English"
"""The message whose translation is the language's own name."""

_KEYWORDS: dict[str, tuple[int, ...] | None] = {"gettext": None, "ngettext": (1, 2), "say": None}
_CODE = ("schoolops/web", "schoolops/server/web")
_FILES = ("schoolops/identity/sessions.py", "schoolops/identity/pupils.py")
_NO_PAGE = ("invalid.py",)
"""What the API answers to programs and the terminal UI; its sentences are in their catalogue."""


def wanted(titles: Iterable[str]) -> Catalog:
    """All messages of the pages; `titles` are those that stand in tables, not in calls."""
    found = Catalog()
    for folder, method in [
        (resources.folder("templates/portal"), "jinja2.ext:babel_extract"),
        *((resources.folder(name), "python") for name in _CODE),
        (resources.folder("schoolops/identity"), "python"),
    ]:
        keywords = {**_KEYWORDS, "_": None}
        method_map = [("**.html", method)] if "jinja2" in method else [("**.py", method)]
        options = {"**.html": {"trimmed": "true"}}
        for file, _, message, comments, context in extract_from_dir(
            folder, method_map, options, keywords
        ):
            in_identity = folder.name == "identity"
            if folder.name == "web" and file in _NO_PAGE:
                continue
            if not in_identity or f"schoolops/identity/{file}" in _FILES:
                found.add(message, auto_comments=comments, context=context)
    for text in (NAME, *titles, *CONTACT_ROLES.values(), *(k.label_plural for k in EDITABLE)):
        if text:
            found.add(text)
    return found


def catalogue(tag: str) -> Catalog:
    """The catalogue of the pages in a language."""
    file = resources.folder(f"schoolops/web/locale/{tag}/LC_MESSAGES") / "portal.po"
    return read_po(io.BytesIO(file.read_bytes()), abort_invalid=True)


def missing(all_of_them: Catalog, there: Catalog) -> Catalog:
    """What has no translation yet."""
    found = Catalog()
    for message in all_of_them:
        known = there.get(message.id) if message.id else None
        done = known is not None and not known.fuzzy and known.string
        complete = all(known.string) if done and known and isinstance(known.string, tuple) else done
        if message.id and not complete:
            found.add(message.id)
    return found


def main(tag: str) -> None:
    from schoolops.server.web.listed import titles

    write_po(sys.stdout.buffer, missing(wanted(titles()), catalogue(tag)), omit_header=True)


if __name__ == "__main__":
    main(sys.argv[1])
