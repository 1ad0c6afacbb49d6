"""Somebody else was faster: who changed what and when, and whose values are to stand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import HorizontalGroup
from textual.widget import Widget
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
    StaleEdit .remark {
        color: $text-muted;
        height: auto;
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
        own = {name: current[name] for name in ("retired",) if name in current}
        self.current: Mapping[str, Any] = {**own, **(current.get("values") or {})}
        self.closed = frozenset(current.get("closed") or ())
        kind = KINDS.get(str(current.get("kind", "")))
        self.fields: Mapping[str, Field] = kind.by_name() if kind else {}
        self.changes: Mapping[str, Any] = dict(extra.get("changes") or {})
        self.causes = _causes(extra.get("since") or [])
        # three columns: a value has two fifths of the width
        texts = [text for name in self._names() for text in self._cells(name)[1:]]
        self.make_room(texts, width=24)

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
        several = len({by for by, _at in self.causes.values()} | {who}) > 1
        theirs = _("Theirs") if several else _("Theirs ({who})").format(who=who)
        yield self._row("", theirs, _("Mine"), "value head")
        for name in self._names():
            yield self._row(*self._cells(name))

    def _names(self) -> list[str]:
        """What others changed or I want to change, in the order of the form."""
        names = {*self.changes, *self.causes}
        known = [name for name in self.fields if name in names]
        return known + sorted(names.difference(known))

    def _cells(self, name: str) -> tuple[str, str, str]:
        """The field, their value with who and when, my value."""
        field = self.fields.get(name)
        theirs, mine = self.current.get(name), _("not edited")
        if name in self.changes:
            theirs, my_own = self.changes[name]
            mine = self._show(field, my_own)
        shown = self._show(field, theirs)
        if name not in self.changes and (name not in self.current or name in self.closed):
            shown = _("changed")  # a secret, or what is closed to whoever edits
        if name in self.causes:
            by, at = self.causes[name]
            shown += f"\n{clean(by)}, {when(at)}"
        return label(field) if field else clean(name), shown, mine

    @staticmethod
    def _show(field: Field | None, value: Any) -> str:
        return clean(str(value) if field is None else show(field, value))

    @staticmethod
    def _row(what: str, theirs: str, mine: str, classes: str = "value") -> HorizontalGroup:
        return HorizontalGroup(
            Static(what, classes="what", markup=False),
            Static(theirs, classes=classes, markup=False),
            Static(mine, classes=classes, markup=False),
            classes="row",
        )

    def below(self) -> Iterable[Widget]:
        yield Static(
            _("Whatever you do, what you did not edit stays as they wrote it."),
            classes="remark",
            markup=False,
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


def _causes(since: Sequence[Mapping[str, Any]]) -> dict[str, tuple[str, str]]:
    """Field → who changed it last, and when."""
    found: dict[str, tuple[str, str]] = {}
    for change in since:
        for name in change.get("fields") or {}:
            found.setdefault(name, (str(change.get("by", "")), str(change.get("at", ""))))
    return found
