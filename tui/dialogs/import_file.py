"""Which file to import, and what it holds."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from textual import on
from textual.app import ComposeResult

from inventory.fields import fold
from inventory.kinds import EDITABLE, KINDS, Kind
from tui.cells import clean
from tui.dialogs.base import Hint, plain
from tui.dialogs.form_line import FormDialog, Line
from tui.dialogs.lookup import LookupInput
from tui.dialogs.path_input import PathInput, size_text
from tui.dialogs.texts import kind_heading, kind_label
from tui.dialogs.widgets import Choice
from tui.i18n import _

SUFFIXES = (".csv", ".xlsx", ".txt", ".tsv")
LARGEST = 64 * 10**6
"""Bytes; a list of devices of a whole state has a tenth of that."""


def guess_kind(name: str, kinds: Sequence[Kind] = EDITABLE) -> str:
    """The kind a file's name speaks of ('NRW-Schulen.csv' → 'school'), or ''."""
    words = fold(Path(name).stem)
    for kind in kinds:
        names = {kind.name, kind.plural, kind_label(kind), kind_label(kind, 2)}
        if any(fold(word) in words for word in names) or any(
            word in words for word in _GERMAN.get(kind.name, ())
        ):
            return kind.name
    return ""


_GERMAN = {
    "school": ("schul",),
    "site": ("standort",),
    "building": ("gebaeude",),
    "room": ("raum", "raeume"),
    "device": ("geraet", "ipad", "inventar"),
    "uplink": ("leitung", "anschluss", "anschluess"),
    "contact": ("kontakt", "ansprechpartner"),
    "service": ("dienst",),
}
"""File names are German in German offices whatever the language of the screen."""


class ImportDialog(FormDialog[dict[str, str]]):
    """Answers `{"path": absolute path, "kind": name, "plural": plural}`, or None. The file is
    tried first (a dry run); nothing is written before `ImportReport` was read."""

    def __init__(self, kind: str = "", path: str = "") -> None:
        super().__init__(_("Import a file"))
        self.path = PathInput(path, suffixes=SUFFIXES, placeholder="~/", id="path")
        self.kind = Choice(
            [(k.name, kind_heading(k)) for k in EDITABLE],
            kind or None,
            required=True,
            id="kind",
        )

    def body(self) -> ComposeResult:
        yield plain(
            _("CSV or XLSX with a row of headings. It is tried first: nothing is written yet.")
        )
        yield Line(_("File"), self.path, required=True)
        yield Line(_("What it holds"), self.kind, required=True)

    def hints(self) -> list[Hint]:
        return [("dialog.accept", _("Try it")), ("dialog.cancel", _("Cancel"))]

    def on_mount(self) -> None:
        self.path.input.focus()

    @on(LookupInput.Changed, "#path")
    def _other_path(self) -> None:
        self.problem("")
        self._guess()

    def _guess(self) -> None:
        if self.kind.chosen is None and (guess := guess_kind(self.path.value)):
            self.kind.value = guess

    def action_accept(self) -> None:
        self._guess()  # a fast typist is here before the message that the path has changed
        sentence = self._refuse_path()
        if sentence:
            self.problem(sentence)
            self.path.input.focus()
        elif self.kind.chosen is None:
            self.problem(_("Say what the file holds."))
            self.kind.focus()
        else:
            kind = KINDS[self.kind.chosen]
            path = os.path.abspath(self.path.path)
            self.answer({"path": path, "kind": kind.name, "plural": kind.plural})

    def _refuse_path(self) -> str:
        if not self.path.value:
            return _("Give the name of a file.")
        path = self.path.path
        name = clean(str(path))
        try:
            if path.is_dir():
                return _("{name} is a folder; choose a file in it.").format(name=name)
            with path.open("rb") as file:
                size = os.fstat(file.fileno()).st_size
        except FileNotFoundError:
            return _("There is no file {name}.").format(name=name)
        except OSError as error:
            return _("{name} cannot be read: {why}.").format(name=name, why=error.strerror)
        if size == 0:
            return _("{name} is empty.").format(name=name)
        if size > LARGEST:
            return _("{name} has {size}; at most {most} can be imported at once.").format(
                name=name, size=size_text(size), most=size_text(LARGEST)
            )
        return ""
