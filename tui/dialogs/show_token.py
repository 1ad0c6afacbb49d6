"""A new token, shown once."""

from __future__ import annotations

from collections.abc import Sequence

from tui.cells import clean, when
from tui.dialogs.shown_once import ShownOnce
from tui.i18n import _


class ShowToken(ShownOnce):
    """Shows the token that `TokenDialog` led to; the server keeps only its hash."""

    def __init__(self, token: str, name: str, lines: Sequence[str] = (), expires: str = "") -> None:
        until = when(expires, long=True)
        super().__init__(
            _("Token of {name}").format(name=clean(name)),
            token,
            lines,
            _("Hand it over in person or by a safe way: who has it acts as {name}.").format(
                name=clean(name)
            ),
            _("It works until {time}; revoke it when it is not needed any more.").format(time=until)
            if until
            else _("Revoke it when it is not needed any more."),
        )
