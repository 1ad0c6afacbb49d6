"""A question with two answers."""

from __future__ import annotations

from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from tui.dialogs.base import Dialog, Hint, plain
from tui.i18n import _, language


class Confirm(Dialog[bool]):
    """Asks; answers True for yes, False for no and for Esc. For what can be undone: anything
    destructive goes through `ConfirmPlan`."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "yes", "Yes", show=False, id="dialog.yes"),
        Binding("j", "yes", "Ja", show=False, id="dialog.ja"),
        Binding("n", "cancel", "No", show=False, id="dialog.no"),
    ]

    def __init__(self, title: str, question: str, *, yes: str = "", no: str = "") -> None:
        super().__init__(title)
        self.question = question
        self.yes = yes or _("Yes")
        self.no = no or _("No")

    def body(self) -> ComposeResult:
        yield plain(self.question)

    def hints(self) -> list[Hint]:
        yes = "dialog.ja" if language() == "de" else "dialog.yes"
        return [(yes, self.yes), ("dialog.no", self.no)]

    def action_yes(self) -> None:
        self.dismiss(True)

    def action_accept(self) -> None:
        """The key that saves in a form answers the safe way: somebody who wants to save does
        not want to lose what is asked about."""
        self.dismiss(False)

    def action_cancel(self) -> None:
        self.dismiss(False)


async def discarded(form: Dialog[Any]) -> bool:
    """Ask whether what was typed into a form is thrown away."""
    question = Confirm(
        form.heading,
        _("Discard what you have changed here?"),
        yes=_("Discard"),
        no=_("Go on editing"),
    )
    given: bool | None = await form.app.push_screen_wait(question)
    return bool(given)
