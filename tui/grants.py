"""What somebody may do, and from where it comes, as lines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from textual.content import Content

from inventory.choices import GRANT_SOURCES
from schoolops.core.permissions import ROLES
from tui import cells, describe, rights
from tui.backend import Json
from tui.i18n import _
from tui.said import translated


def grant(found: Json) -> list[Content]:
    """Where a grant comes from and where it holds; then what it allows."""
    source = str(found["source"]).partition(" ")[0]
    label = ROLES[source].label if source in ROLES else GRANT_SOURCES.get(source, source)
    where = translated(found, str(found["scope"]))
    if found.get("until"):
        where += " " + _("until {time}").format(time=cells.when(found["until"], long=True))
    lines = [describe.pair(_(label)[:1].upper() + _(label)[1:], where, "bold")]
    return [*lines, describe.pair("", rights.permissions(found["permissions"]))]


def lines_of(found: Sequence[Json]) -> list[Content]:
    return [line for one in found for line in grant(one)]


def explained(answer: Json, width: int) -> Content:
    """A decision: allowed or not, the reason, and the grants behind it."""
    who = cells.clean(str(answer["who"]))
    head = (
        Content.styled(f"● {who}: {_('allowed')}", "bold $text-success")
        if answer["allowed"]
        else Content.styled(f"✖ {who}: {_('not allowed')}", "bold $text-error")
    )
    lines: list[Any] = [head, Content(translated(answer, str(answer["reason"]))), Content("")]
    return describe.hang([*lines[: 3 if answer["by"] else 2], *lines_of(answer["by"])], width)
