"""Words of several lines to somebody, typed or from a text that is there already."""

from __future__ import annotations

from collections.abc import Sequence

from textual import on
from textual.app import ComposeResult
from textual.widgets import Select, TextArea

from tui.backend import Json
from tui.cells import clean
from tui.dialogs.base import Hint, plain
from tui.dialogs.form_line import FormDialog, Line
from tui.dialogs.widgets import Choice, Notes
from tui.i18n import _


class AnswerDialog(FormDialog[Json]):
    """Answers `{"text": …, "choice": …}`, or None.

    `answers`: texts to choose from, as `title` and `text`; a chosen one is put where the cursor
    is. `choices`: (word, label) of what is asked besides, under `asks`. Without `required` the
    text may stay empty. `does` names what is done.
    """

    PRECIOUS = True
    DEFAULT_CSS = """
    AnswerDialog Notes {
        height: 8;
        margin-top: 1;
        background: $boost;
    }
    """

    def __init__(
        self,
        title: str,
        lines: Sequence[str],
        does: str,
        *,
        answers: Sequence[Json] = (),
        choices: Sequence[tuple[str, str]] = (),
        asks: str = "",
        required: bool = True,
    ) -> None:
        super().__init__(title)
        self.lines = list(lines)
        self.does = does
        self.answers = list(answers)
        self.asks = asks
        self.required = required
        first = choices[0][0] if choices else None
        self.choice = Choice(choices, first, required=True, id="choice") if choices else None
        titles = [(str(n), clean(one["title"])) for n, one in enumerate(self.answers)]
        self.ready = Choice(titles, None, prompt=_("choose"), id="ready") if titles else None
        self.text = Notes("", id="text")

    def body(self) -> ComposeResult:
        for line in self.lines:
            yield plain(clean(line))
        if self.lines:
            yield plain("")
        if self.choice is not None:
            yield Line(self.asks, self.choice, required=True)
        if self.ready is not None:
            yield Line(_("Ready-made text"), self.ready)
        yield self.text

    def hints(self) -> list[Hint]:
        return [("dialog.accept", self.does), ("dialog.cancel", _("Cancel"))]

    def on_mount(self) -> None:
        (self.choice or self.text).focus()

    @on(Select.Changed, "#ready")
    def _chosen(self, event: Select.Changed) -> None:
        event.stop()
        if self.ready is not None and self.ready.chosen is not None:
            self.text.insert(self.answers[int(self.ready.chosen)]["text"])
            self.text.focus()

    @on(TextArea.Changed)
    def _typed(self) -> None:
        self.problem("")

    def action_accept(self) -> None:
        text = self.text.text.strip()
        if self.required and not text:
            self.problem(_("Write some words."))
            self.text.focus()
            return
        chosen = self.choice.chosen if self.choice is not None else None
        self.answer({"text": text, "choice": chosen or ""})
