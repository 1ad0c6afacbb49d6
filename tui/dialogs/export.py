"""Export of what a list shows: format, and where it goes."""

from __future__ import annotations

import os
from typing import Any

from textual import on
from textual.app import ComposeResult
from textual.widgets import Select

from inventory.kinds import Kind
from tui.cells import clean, number
from tui.dialogs.ask_path import exists_sentence, refuse_target
from tui.dialogs.base import Hint, Sentence, plain
from tui.dialogs.form_line import FormDialog, Line
from tui.dialogs.lookup import LookupInput
from tui.dialogs.path_input import PathInput
from tui.dialogs.texts import kind_label
from tui.dialogs.widgets import Choice
from tui.i18n import _

COPY_ROWS = 300
"""Rows the clipboard takes: terminals cut an OSC 52 text at about 75 kB."""


class ExportDialog(FormDialog[dict[str, Any]]):
    """Answers `{"format": "csv|xlsx|json", "where": "file|link|copy", "path": …}`, or None.
    `path` is absolute for a file and '' otherwise; a file that exists is asked about once."""

    def __init__(self, kind: Kind, q: str, count: int | None) -> None:
        """`count` is None while it is not known."""
        things = kind_label(kind, 2 if count is None else count)
        many = "" if count is None else number(count)
        title = _("Export {count} {things}").format(count=many, things=things)
        super().__init__(" ".join(title.split()))
        self.kind = kind
        self.q = q
        self.count = count
        formats = [
            ("xlsx", _("XLSX, for Excel and LibreOffice")),
            ("csv", _("CSV, readable by everything")),
            ("json", _("JSON, for programs")),
        ]
        places = [
            ("file", _("a file on the computer schoolops runs on")),
            ("link", _("a download link: one use, 10 minutes")),
            ("copy", _("the clipboard of my computer")),
        ]
        self.format = Choice(formats, "csv", required=True, id="format")
        self.where = Choice(places, "file", required=True, id="where")
        self.path = PathInput(f"{kind.plural}.csv", id="path")
        self._to_replace = ""

    def body(self) -> ComposeResult:
        if self.q:
            yield plain(_("Filter: {filter}").format(filter=clean(self.q)))
        yield Line(_("Format"), self.format, required=True)
        yield Line(_("Where to"), self.where, required=True)
        yield Line(_("File name"), self.path, id="path-line")
        yield Sentence(id="remark")

    def hints(self) -> list[Hint]:
        return [("dialog.accept", _("Export")), ("dialog.cancel", _("Cancel"))]

    def on_mount(self) -> None:
        self.format.focus()

    @on(Select.Changed, "#format")
    def _other_format(self) -> None:
        """The suffix follows the format."""
        stem, suffix = os.path.splitext(self.path.value)
        if self.format.chosen and suffix in (".csv", ".xlsx", ".json"):
            self.path.set(f"{stem}.{self.format.chosen}")
        self._show_remark()

    @on(Select.Changed, "#where")
    def _other_place(self) -> None:
        self.query_one("#path-line").display = self.where.chosen == "file"
        self._show_remark()

    @on(LookupInput.Changed)
    def _other_path(self) -> None:
        self._show_remark()

    def _show_remark(self) -> None:
        self.problem("")
        self._to_replace = ""
        texts = {
            "link": _("The link works without signing in: give it to nobody else."),
            "copy": _("Works where the terminal allows it (OSC 52)."),
        }
        self.query_one("#remark", Sentence).say(texts.get(self.where.chosen or "", ""))

    def action_accept(self) -> None:
        answer = {"format": self.format.chosen, "where": self.where.chosen, "path": ""}
        if self.where.chosen == "file":
            sentence = self._refuse_path()
            if sentence:
                self.problem(sentence)
                return
            answer["path"] = os.path.abspath(self.path.path)
        elif self.where.chosen == "copy":
            if self.format.chosen == "xlsx":
                self.problem(_("The clipboard takes text only: choose CSV or JSON."))
                return
            if self.count is not None and self.count > COPY_ROWS:
                most = number(COPY_ROWS)
                self.problem(
                    _("The clipboard takes {most} rows: narrow the list, or choose a file.").format(
                        most=most
                    )
                )
                return
        self.answer(answer)

    def _refuse_path(self) -> str:
        """Why the file cannot be written there, or ''. An existing file is refused once."""
        text = self.path.value
        sentence = refuse_target(text)
        if not sentence and self._to_replace != text:
            sentence = exists_sentence(text)
            self._to_replace = text
        return sentence
