"""Somebody else was faster: who changed what and when, and whose values are to stand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import HorizontalGroup
from textual.widgets import Static

from inventory.fields import Field
from inventory.kinds import KINDS
from tui.cells import clean, when
from tui.dialogs.base import Body, Dialog, Hint, plain
from tui.dialogs.texts import label, show
from tui.i18n import _


class StaleEdit(Dialog[str]):
    """Takes the `extra` of the 409 answer `estate.stale`; answers 'mine' (write my values over
    theirs), 'theirs' (drop mine), or None to go back to the form."""

    DEFAULT_CSS = """
    StaleEdit > #box {
        width: 90;
    }
    StaleEdit .row {
        height: auto;
    }
    StaleEdit .what {
        width: 1fr;
        padding-right: 1;
        text-style: bold;
    }
    StaleEdit .value {
        width: 2fr;
        padding-right: 1;
    }
    StaleEdit .head {
        text-style: underline;
        margin-top: 1;
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("m", "accept", "Mine", show=False, id="dialog.mine"),
        Binding("t", "theirs", "Theirs", show=False, id="dialog.theirs"),
        Binding("pagedown,down,j", "scroll_rows(1)", "Further down", show=False),
        Binding("pageup,up,k", "scroll_rows(-1)", "Further up", show=False),
    ]

    def __init__(self, extra: Mapping[str, Any]) -> None:
        super().__init__(_("Changed by somebody else meanwhile"))
        self.extra = extra
        current = extra.get("current") or {}
        kind = KINDS.get(str(current.get("kind", "")))
        self.fields: Mapping[str, Field] = kind.by_name() if kind else {}
        changes = dict(extra.get("changes") or {})
        # three columns: a value has two fifths of the width
        self.make_room((max(map(str, pair), key=len) for pair in changes.values()), width=24)

    def body(self) -> ComposeResult:
        current = self.extra.get("current") or {}
        who = clean(str(self.extra.get("changed_by") or _("somebody")))
        yield plain(
            _("{who} changed {record} at {time}. Your changes are not saved yet.").format(
                who=who,
                record=clean(str(current.get("key") or _("this record"))),
                time=when(str(self.extra.get("changed_at") or ""), long=True) or "?",
            )
        )
        yield self._row("", _("Theirs ({who})").format(who=who), _("Mine"), "value head")
        for name, (theirs, mine) in dict(self.extra.get("changes") or {}).items():
            field = self.fields.get(name)
            if field is None:
                yield self._row(clean(name), clean(str(theirs)), clean(str(mine)))
            else:
                yield self._row(label(field), clean(show(field, theirs)), clean(show(field, mine)))

    @staticmethod
    def _row(what: str, theirs: str, mine: str, classes: str = "value") -> HorizontalGroup:
        return HorizontalGroup(
            Static(what, classes="what", markup=False),
            Static(theirs, classes=classes, markup=False),
            Static(mine, classes=classes, markup=False),
            classes="row",
        )

    def hints(self) -> list[Hint]:
        return [
            ("dialog.mine", _("Save mine over theirs")),
            ("dialog.theirs", _("Keep theirs")),
            ("dialog.cancel", _("Back to the form")),
        ]

    def action_accept(self) -> None:
        self.dismiss("mine")

    def action_theirs(self) -> None:
        self.dismiss("theirs")

    def action_scroll_rows(self, pages: int) -> None:
        body = self.query_one("#body", Body)
        body.scroll_relative(y=pages * max(1, body.size.height - 1), animate=False)
