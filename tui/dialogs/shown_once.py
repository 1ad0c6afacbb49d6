"""What is shown once and copied by a key: base of the join code and of a new token."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Static

from tui.cells import clean
from tui.dialogs.base import Dialog, Hint, Sentence, plain
from tui.i18n import _


class ShownOnce(Dialog[bool]):
    """Shows a secret and the lines in which it is used. `y` copies the secret, a digit the line
    of that number; Enter closes, and asks once more if nothing was copied."""

    DEFAULT_CSS = """
    ShownOnce > #box {
        width: 100;
    }
    ShownOnce .secret {
        width: 100%;
        margin: 1 0;
        text-align: center;
        text-style: bold reverse;
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "copy(0)", "Copy", show=False, id="dialog.copy"),
        *(
            Binding(str(n), f"copy({n})", "Copy a line", show=False, id=f"dialog.copy_{n}")
            for n in range(1, 4)
        ),
        Binding("enter", "accept", "Close", show=False, id="dialog.close", priority=True),
    ]

    def __init__(
        self,
        title: str,
        secret: str,
        lines: Sequence[str],
        intro: str,
        remark: str = "",
        warning: str = "",
    ) -> None:
        super().__init__(title)
        self.secret = secret
        self.lines = list(lines)
        self.intro = intro
        self.remark = remark
        self.warning = warning
        self.copied = False
        self._warned = False

    def body(self) -> ComposeResult:
        yield plain(self.intro)
        yield Static(clean(self.secret), classes="secret", markup=False, id="secret")
        for number, line in enumerate(self.lines, 1):
            yield Static(Content.assemble((f" {number} ", "reverse"), " ", clean(line)))
        yield Sentence(self.remark, classes="caption")
        yield Sentence(f"▲ {self.warning}" if self.warning else "", classes="caption")
        yield Sentence(id="copied", classes="caption")

    def hints(self) -> list[Hint]:
        hints = [("dialog.copy", _("Copy it"))]
        hints += [
            (f"dialog.copy_{n}", _("Copy line {number}").format(number=n))
            for n in range(1, len(self.lines) + 1)
        ]
        return [*hints, ("dialog.close", _("Close"))]

    def action_copy(self, which: int) -> None:
        if which > len(self.lines):
            return
        self.app.copy_to_clipboard(self.lines[which - 1] if which else self.secret)
        self.copied = True
        self.problem("")
        self.query_one("#copied", Sentence).say(
            _("Sent to the clipboard. Where the terminal does not allow that, mark it by mouse.")
        )

    def action_accept(self) -> None:
        if self.copied or self._warned:
            self.dismiss(self.copied)
        else:
            self._warned = True
            self.problem(_("It is not shown again. Copy it, or press the key again to close."))

    def action_cancel(self) -> None:
        self.action_accept()
