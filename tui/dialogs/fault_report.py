"""The fault report to the provider: to read out, to copy, to save."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from tui.cells import clean
from tui.dialogs.ask_path import AskPath
from tui.dialogs.base import Body, Dialog, Hint, Sentence, plain
from tui.i18n import _


class FaultReport(Dialog[None]):
    """Shows a text with its subject; `y` copies both, `s` writes them into a file."""

    TALL = True
    DEFAULT_CSS = """
    FaultReport > #box { width: 92; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "copy", "Copy", show=False, id="dialog.copy"),
        Binding("s", "save", "Save", show=False, id="dialog.save_report"),
        Binding("enter", "accept", "Close", show=False, id="dialog.close"),
        Binding("pagedown,space", "scroll_text(15)", "Further down", show=False),
        Binding("pageup", "scroll_text(-15)", "Further up", show=False),
        Binding("down,j", "scroll_text(1)", "Down", show=False),
        Binding("up,k", "scroll_text(-1)", "Up", show=False),
    ]

    def __init__(self, subject: str, text: str) -> None:
        super().__init__(_("Fault report"))
        self.subject = clean(subject)
        self.lines = [clean(line) for line in text.splitlines()]

    @property
    def whole(self) -> str:
        """Subject and text, as they are copied and saved."""
        return "\n".join([self.subject, "", *self.lines, ""])

    def above(self) -> ComposeResult:
        yield plain(self.subject)
        yield plain("")

    def body(self) -> ComposeResult:
        yield plain("\n".join(self.lines))

    def below(self) -> ComposeResult:
        yield Sentence(id="remark")

    def hints(self) -> list[Hint]:
        return [
            ("dialog.copy", _("Copy it")),
            ("dialog.save_report", _("Save")),
            ("dialog.close", _("Close")),
        ]

    def on_mount(self) -> None:
        self.set_focus(None)

    def action_accept(self) -> None:
        self.dismiss(None)

    def action_copy(self) -> None:
        self.app.copy_to_clipboard(self.whole)
        self.query_one("#remark", Sentence).say(
            _("Sent to the clipboard. Where the terminal does not allow that, mark it by mouse.")
        )

    def action_scroll_text(self, lines: int) -> None:
        self.query_one("#body", Body).scroll_relative(y=lines, animate=False)

    @work
    async def action_save(self) -> None:
        path = await self.app.push_screen_wait(AskPath(_("Save the report"), "fault-report.txt"))
        if path is None:
            return
        remark = self.query_one("#remark", Sentence)
        try:
            await asyncio.to_thread(Path(path).write_text, self.whole, "utf-8")
        except OSError as error:
            remark.say(f"{clean(path)}: {error.strerror}", problem=True)
        else:
            remark.say(_("Saved as {path}.").format(path=clean(path)))
