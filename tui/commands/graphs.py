"""What is done with the graphs of a record."""

from __future__ import annotations

from tui.actions import Aim
from tui.frame import Frame
from tui.screens.record import RecordScreen


def next_span(screen: Frame, aim: Aim) -> None:
    """Graphs over a longer time."""
    if isinstance(screen, RecordScreen):
        screen.next_span()
