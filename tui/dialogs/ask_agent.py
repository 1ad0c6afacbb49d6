"""Ask an agent for something: a line test, diagnostics, to read a device, to upgrade itself."""

from __future__ import annotations

from textual import on
from textual.app import ComposeResult
from textual.widgets import Select

from tui.backend import Json
from tui.dialogs.base import Hint, plain
from tui.dialogs.form_line import FormDialog, Line
from tui.dialogs.widgets import Choice, FormInput
from tui.i18n import _

N_ = str
TASKS = {
    "line-test": N_("test the line now"),
    "diagnostics": N_("collect diagnostics"),
    "poll": N_("read a device now"),
    "upgrade": N_("upgrade itself"),
}
"""What can be asked for → its name for people."""
SUBJECT = {
    "line-test": ("uplink", N_("every line of the school")),
    "poll": ("device", N_("serial number or name of the device")),
    "upgrade": ("version", N_("the newest on offer")),
}
"""What takes an argument → its name, and what the empty field means."""


class AskAgent(FormDialog[Json]):
    """Answers `{kind, arguments}` for `POST /v1/agents/{id}/commands`, or None."""

    def __init__(self, name: str) -> None:
        super().__init__(_("Ask {name}").format(name=name))
        self.what = Choice(
            [(word, _(label)) for word, label in TASKS.items()],
            "line-test", required=True, id="kind",
        )  # fmt: skip
        self.subject = FormInput(compact=True, id="subject")
        lessons = [("no", _("no")), ("yes", _("yes"))]
        self.in_lessons = Choice(lessons, "no", required=True, id="in_lessons")

    def body(self) -> ComposeResult:
        yield plain(_("The agent hears of it with its next report and answers with the one after."))
        yield Line(_("What"), self.what, required=True)
        yield Line(_("Which"), self.subject)
        yield Line(_("Even during lessons"), self.in_lessons)

    def hints(self) -> list[Hint]:
        return [("dialog.accept", _("Ask")), ("dialog.cancel", _("Cancel"))]

    def on_mount(self) -> None:
        self.set_focus(self.what)
        self._fit()

    @on(Select.Changed, "#kind")
    def _fit(self) -> None:
        """Only what the chosen thing takes can be filled in."""
        self.problem("")
        kind = self.what.chosen or ""
        _name, means = SUBJECT.get(kind, ("", ""))
        self.subject.disabled = not means
        self.subject.placeholder = _(means) if means else ""
        self.in_lessons.disabled = kind != "line-test"

    def on_input_changed(self) -> None:
        self.problem("")

    def action_accept(self) -> None:
        kind, subject = self.what.chosen or "line-test", self.subject.value.strip()
        arguments: Json = {}
        if kind in SUBJECT and subject:
            arguments[SUBJECT[kind][0]] = subject
        if kind == "poll" and not subject:
            self.problem(_("Say which device."))
            self.subject.focus()
            return
        if kind == "line-test" and self.in_lessons.chosen == "yes":
            arguments["in_lessons"] = True
        self.answer({"kind": kind, "arguments": arguments})
