"""`python -m tui.messages [--update]`: which texts there are, and which lack a German one.

Messages are extracted freshly by Babel's extractor from the screens, from the sentences with
which the server, the client and the vocabulary refuse something, and from the vocabulary's own
words (kinds, fields, choices). With `--update`, missing ids are added to `tui.po`, those of
dialogs to `dialogs.po` and of sentences to `sentences.po`, with an empty translation; ids that
nothing uses are taken out.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from inventory.choices import AUDIT_ACTIONS
from inventory.kinds import HEALTH_FIELDS, KINDS, SYSTEM_FIELDS
from schoolops.core.permissions import FIELD_CLASSES, PERMISSIONS, PURPOSES, ROLES
from tui import i18n

HERE = Path(__file__).parent
ROOT = HERE.parent
KEYWORDS: dict[str, tuple[int, ...] | None] = {
    "_": None,
    "N_": None,
    "gettext": None,
    "ngettext": (1, 2),
}

REFUSALS = ("Conflict", "DatabaseDown", "FileRefused", "FilterError", "Forbidden", "Invalid",
            "NotFound", "Offline",
            "SchoolopsError", "TooLarge", "TooMany", "Unauthenticated", "ValueError")  # fmt: skip
"""Errors whose first argument is a sentence, said plainly or by `say`."""
SPEAKING = (
    "inventory", "schoolops/alerts", "schoolops/calendar", "schoolops/client",
    "schoolops/db/access.py", "schoolops/db/trouble.py", "schoolops/estate",
    "schoolops/proof", "schoolops/tickets",
    "schoolops/fleet", "schoolops/identity/accounts.py", "schoolops/identity/approvals.py",
    "schoolops/identity/delegations.py", "schoolops/identity/emergency.py",
    "schoolops/identity/endpoints.py", "schoolops/identity/explaining.py",
    "schoolops/identity/grants.py", "schoolops/identity/oidc.py",
    "schoolops/identity/service.py", "schoolops/identity/tokens.py",
    "schoolops/notify/service.py",
    "schoolops/server/app.py", "schoolops/server/general.py",
    "schoolops/server/stream.py", "schoolops/telemetry/endpoints.py",
    "schoolops/telemetry/mornings.py", "schoolops/telemetry/readiness.py",
    "schoolops/telemetry/repository.py", "schoolops/web/context.py",
    "schoolops/web/invalid.py",
)  # fmt: skip
"""Folders and modules whose sentences can reach a screen. Pages have catalogues of their own;
what only agents or the operator of the server read stays English."""


def speaking_modules() -> list[Path]:
    """The modules whose sentences are translated."""
    places = [ROOT / name for name in SPEAKING]
    return [path for at in places for path in ([at] if at.is_file() else sorted(at.rglob("*.py")))]


def from_sentences() -> set[str]:
    """Ids of the sentences with which something is refused."""
    from babel.messages.extract import extract_from_file

    keywords = dict.fromkeys(("say", *REFUSALS))
    return {
        message
        for path in speaking_modules()
        for _line, message, _notes, _context in extract_from_file("python", path, keywords)
        if isinstance(message, str)
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
    return dict.fromkeys(_within_strings(folder)) | found


def _within_strings(folder: Path) -> Iterator[str]:
    """Ids in f-strings, which before Python 3.12 are one token each to Babel."""
    for path in sorted(folder.rglob("*.py")):
        for text in ast.walk(ast.parse(path.read_text("utf-8"))):
            for call in ast.walk(text) if isinstance(text, ast.JoinedStr) else ():
                if isinstance(call, ast.Call) and isinstance(call.func, ast.Name):
                    first = call.args[0] if call.args else None
                    if call.func.id in ("_", "gettext") and isinstance(first, ast.Constant):
                        yield str(first.value)


def from_inventory() -> set[str]:
    """Labels of kinds, fields and choices, of roles and permissions, the usual reasons."""
    found = {text for role in ROLES.values() for text in (role.label, role.says)}
    found |= {permission.label for permission in PERMISSIONS.values()}
    found |= {*PURPOSES.values(), *FIELD_CLASSES.values(), *AUDIT_ACTIONS.values()}
    fields = [*SYSTEM_FIELDS, *HEALTH_FIELDS]
    for kind in KINDS.values():
        found |= {kind.label, kind.label_plural, *kind.retire_reasons}
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
    wanted = from_code() | dict.fromkeys(from_inventory() | from_sentences())
    return sorted(
        id
        for id, plural in wanted.items()
        if id not in known or (plural is not None and len(known[id]) < 2)
    )


def update(name: str, wanted: Mapping[str, str | None]) -> None:
    """Rewrite one German catalogue: what is wanted and stands in no other one."""
    from babel.messages.pofile import read_po, write_po

    path = i18n.LOCALE / "de" / "LC_MESSAGES" / name
    with path.open("rb") as file:
        book = read_po(file, locale="de")
    known = catalogue("de")
    for wish, plural in wanted.items():
        if wish not in known:
            book.add(wish if plural is None else (wish, plural))
    for message in list(book):
        id = message.id if isinstance(message.id, str) else message.id[0]
        if id and id not in wanted:
            book.delete(message.id)
    with path.open("wb") as file:
        write_po(file, book, width=100, sort_output=True, omit_header=False)


if __name__ == "__main__":
    if "--update" in sys.argv:
        update("dialogs.po", from_code(HERE / "dialogs"))
        update("tui.po", from_code() | dict.fromkeys(from_inventory()))
        update("sentences.po", dict.fromkeys(from_sentences()))
    lacking = missing()
    sys.stdout.write("".join(f"{id!r}\n" for id in lacking))
    sys.exit(1 if lacking else 0)
