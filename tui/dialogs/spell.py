"""The lines of a form that say when: from, until, and the days of every week."""

from __future__ import annotations

from collections.abc import Iterator

from tui import cells
from tui.backend import Json
from tui.dialogs.form_line import FormDialog, Line
from tui.dialogs.widgets import FormInput
from tui.i18n import _
from tui.said import said


class Spell:
    """Its three inputs, for the body of a form, and what was typed into them."""

    def __init__(self) -> None:
        self.begins = FormInput(placeholder=_("now"), compact=True, id="begins")
        until = f"{cells.now():%d.%m.%Y 18:00}"
        self.ends = FormInput(placeholder=until, compact=True, id="ends")
        self.every = FormInput(placeholder="mon-fri=22:00-06:00", compact=True, id="every")

    def lines(self) -> Iterator[Line]:
        yield Line(_("From when"), self.begins)
        yield Line(_("Until (inclusive)"), self.ends)
        yield Line(_("Every week"), self.every)

    def read(self, form: FormDialog[Json]) -> Json | None:
        """`begins`, `ends` and `every` as the API takes them; None when they are not right, which
        the form says."""
        from inventory.filter import end_of, instant_range
        from schoolops.core.clock import to_iso
        from schoolops.core.zone import local_zone

        found: Json = {"every": self.every.value.strip()}
        field = self.begins
        try:
            if text := self.begins.value.strip():
                found["begins"] = to_iso(instant_range(text, local_zone())[0])
            field = self.ends
            if text := self.ends.value.strip():
                found["ends"] = end_of(text, local_zone())
        except ValueError as error:
            form.problem(said(error))
            field.focus()
            return None
        if not (found.get("ends") or found["every"]):
            form.problem(_("Say until when, or on which days every week."))
            self.ends.focus()
            return None
        return found
