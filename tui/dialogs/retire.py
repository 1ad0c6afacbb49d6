"""Why records are retired: a reason that stands in their history."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from inventory.kinds import KINDS
from tui.cells import clean, number
from tui.dialogs.base import Hint, plain
from tui.dialogs.form_line import FormDialog, Line
from tui.dialogs.widgets import FormInput
from tui.i18n import _, ngettext


class RetireDialog(FormDialog[str]):
    """Asks for the reason; answers it, or None. `key` names the one record, or with
    `count` > 1 the kind in words ('access points'). `kind` brings the usual reasons."""

    DEFAULT_CSS = """
    RetireDialog #reasons {
        height: auto;
        margin: 1 0 0 24;
        border: none;
        padding: 0;
    }
    """

    def __init__(self, key: str, count: int = 1, kind: str = "device") -> None:
        title = ngettext("Retire {key}", "Retire {count} records", count)
        super().__init__(title.format(key=clean(key), count=number(count)))
        self.reason = FormInput(compact=True, id="reason")
        self.reasons = [_(reason) for reason in KINDS[kind].retire_reasons]

    def body(self) -> ComposeResult:
        yield plain(
            _(
                "What is retired leaves the lists and stays in the history. "
                "It can be reinstated at any time."
            )
        )
        yield Line(_("Reason"), self.reason, required=True)
        reasons = OptionList(*(Option(text) for text in self.reasons), id="reasons", markup=False)
        reasons.highlighted = None
        yield reasons

    def hints(self) -> list[Hint]:
        return [("dialog.accept", _("Retire")), ("dialog.cancel", _("Cancel"))]

    def on_mount(self) -> None:
        self.reason.focus()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.reason.value = self.reasons[event.option_index]
        self.reason.cursor_position = len(self.reason.value)
        self.reason.focus()

    def on_input_changed(self) -> None:
        self.problem("")

    def action_next_or_accept(self) -> None:
        """The usual reasons under the line are an offer, not the next line."""
        self.action_accept()

    def action_accept(self) -> None:
        reason = self.reason.value.strip()
        if len(reason) < 3:
            self.problem(_("Say in a few words why, so that the next person understands it."))
            self.reason.focus()
        else:
            self.answer(reason)
