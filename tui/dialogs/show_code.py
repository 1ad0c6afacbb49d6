"""The one-time code that joins an agent, and what to run at the school."""

from __future__ import annotations

from collections.abc import Sequence

from tui.cells import when
from tui.dialogs.shown_once import ShownOnce
from tui.i18n import _


class ShowCode(ShownOnce):
    """Shows the code, the command lines to run at the school, until when it works
    (`expires`: ISO 8601), and what is wrong with the server's address."""

    def __init__(
        self, code: str, lines: Sequence[str], expires: str = "", warning: str = ""
    ) -> None:
        until = when(expires, long=True)
        super().__init__(
            _("Code for one agent"),
            code,
            lines,
            _(
                "Run this on the machine at the school; with the one file, write "
                "'python3 schoolops-agent.pyz' for 'schoolops-agent':"
            )
            if lines
            else "",
            _("The code works once, until {time}.").format(time=until)
            if until
            else _("The code works once."),
            warning,
        )
