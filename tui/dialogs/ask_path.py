"""Asks for the name of a file to write."""

from __future__ import annotations

import os

from textual import on
from textual.app import ComposeResult

from tui.cells import clean
from tui.dialogs.base import Hint
from tui.dialogs.form_line import FormDialog, Line
from tui.dialogs.lookup import LookupInput
from tui.dialogs.path_input import PathInput
from tui.i18n import _


def refuse_target(text: str) -> str:
    """Why no file of that name can be written, or ''. Whether it exists is asked elsewhere."""
    path = os.path.abspath(os.path.expanduser(text))
    if not text or os.path.isdir(path):
        return _("Give the name of a file.")
    folder = os.path.dirname(path)
    if not os.path.isdir(folder):
        return _("There is no folder {folder}.").format(folder=clean(folder))
    if not os.access(folder, os.W_OK):
        return _("You may not write into {folder}.").format(folder=clean(folder))
    return ""


def exists_sentence(text: str) -> str:
    """What is said once before a file is replaced; '' if there is none."""
    if not os.path.exists(os.path.expanduser(text)):
        return ""
    name = clean(os.path.basename(text))
    return _("{file} exists already. Once more replaces it.").format(file=name)


class AskPath(FormDialog[str]):
    """Answers an absolute path whose folder exists and can be written, or None."""

    def __init__(self, title: str, path: str) -> None:
        super().__init__(title)
        self.path = PathInput(path, id="path")
        self._to_replace = ""

    def body(self) -> ComposeResult:
        yield Line(_("File name"), self.path)

    def hints(self) -> list[Hint]:
        return [("dialog.accept", _("Save")), ("dialog.cancel", _("Cancel"))]

    def on_mount(self) -> None:
        self.path.input.focus()

    @on(LookupInput.Changed)
    def _edited(self) -> None:
        self.problem("")

    def action_accept(self) -> None:
        text = self.path.value
        sentence = refuse_target(text)
        if not sentence and self._to_replace != text:
            sentence = exists_sentence(text)
            self._to_replace = text
        if sentence:
            self.problem(sentence)
        else:
            self.dismiss(os.path.abspath(os.path.expanduser(text)))
