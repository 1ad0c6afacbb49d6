"""What works here: every action with its key; typing narrows, Enter runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from rich.cells import cell_len
from textual.content import Content

from inventory.fields import fold
from tui.actions import key_label
from tui.dialogs.picker import Entry, Picker
from tui.i18n import _


class Action(Protocol):
    """What the frame's registry knows of an action. `key` is Textual's name, or several split
    by commas; a `tooltip` and a `group` are shown where there are any."""

    @property
    def id(self) -> str: ...
    @property
    def key(self) -> str: ...
    @property
    def label(self) -> str: ...


class HelpDialog(Picker[str]):
    """Answers the id of the action to run, or None."""

    DEFAULT_CSS = """
    HelpDialog > #box {
        width: 96;
    }
    """

    def __init__(self, actions: Sequence[Action], title: str = "") -> None:
        super().__init__(title or _("What works here"), _("type to narrow: a word or a key"))
        self.actions = list(actions)

    def verb(self) -> str:
        return _("Run it")

    def narrow(self, words: str) -> None:
        wanted = fold(words).split()
        found = [action for action in self.actions if self._fits(action, words, wanted)]
        groups = self._groups()
        found.sort(
            key=lambda action: (
                words not in show_keys(action.key).split(),
                groups.index(group_of(action)),
                not fold(_(action.label)).startswith(fold(words)),
            )
        )
        self.fill(
            [Entry(self._line(action), action.id, group_of(action)) for action in found],
            "" if found else _("no action of that name"),
        )

    def _groups(self) -> list[str]:
        return list(dict.fromkeys(group_of(action) for action in self.actions))

    @staticmethod
    def _fits(action: Action, words: str, wanted: list[str]) -> bool:
        if words and words in show_keys(action.key).split():
            return True
        hay = fold(f"{action.label} {_(action.label)} {tooltip_of(action)}")
        hay += f" {action.id}" if "." in words else ""
        return all(word in hay for word in wanted)

    @staticmethod
    def _line(action: Action) -> Content:
        keys = show_keys(action.key)
        line = Content.assemble((keys + " " * max(1, 12 - cell_len(keys)), "bold"), _(action.label))
        more = tooltip_of(action)
        return line + Content.styled(f" — {more}", "dim") if more else line


def group_of(action: Action) -> str:
    """The heading an action stands under; '' if the registry has no groups."""
    group = getattr(action, "group", "")
    return _(group) if group else ""


def tooltip_of(action: Action) -> str:
    tooltip = getattr(action, "tooltip", "")
    return _(tooltip) if tooltip else ""


def show_keys(keys: str) -> str:
    """'j,down' → 'j ↓', 'ctrl+d' → '^d'."""
    return " ".join(key_label(key) for key in (keys.split(",") if keys != "," else [keys]) if key)
