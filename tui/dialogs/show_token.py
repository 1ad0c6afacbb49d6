"""A new token, shown once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tui.cells import clean, when
from tui.dialogs.shown_once import ShownOnce
from tui.i18n import _


class ShowToken(ShownOnce):
    """Takes the answer of `POST /v1/tokens` (`token`, `name`, `expires`), lines in which the
    token is used, and what is wrong with the server's address; the server keeps only a hash."""

    def __init__(
        self, made: Mapping[str, Any], lines: Sequence[str] = (), warning: str = ""
    ) -> None:
        token, name = str(made["token"]), str(made.get("name") or "")
        until = when(str(made.get("expires") or ""), long=True)
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
            warning,
        )
