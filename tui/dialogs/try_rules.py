"""Try the alert rules on what was measured at a school: what they would have told."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from textual import on
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Input, Static

from tui import cells, incidents
from tui.backend import Json, sentence
from tui.dialogs.base import Hint
from tui.dialogs.form_line import FormDialog, Line
from tui.dialogs.lookup import Lookup, LookupInput
from tui.dialogs.record_form import no_lookup
from tui.dialogs.widgets import FormInput
from tui.i18n import _

Try = Callable[[str, int], Awaitable[Json]]
"""School and hours → what `POST /v1/alerts/rehearsal` answers."""
MOST_HOURS = 168
SHOWN = 200


async def no_trial(_school: str, _hours: int) -> Json:
    """For a dialog that is looked at without a server."""
    raise ConnectionError


class TryRules(FormDialog[None]):
    """Tries as often as the person likes and shows below what would have been told."""

    TALL = True
    DEFAULT_CSS = """
    TryRules > #box { width: 100; }
    TryRules #found { height: auto; width: 100%; margin-top: 1; }
    """

    def __init__(self, run: Try = no_trial, lookup: Lookup = no_lookup, school: str = "") -> None:
        super().__init__(_("Try the alert rules"))
        self.run_trial = run
        self.school = LookupInput("school", lookup, school, compact=True, id="school")
        self.hours = FormInput("24", compact=True, id="hours")

    def body(self) -> ComposeResult:
        yield Line(_("School"), self.school, required=True)
        yield Line(_("The last hours"), self.hours, required=True)
        yield Static("", id="found", markup=False)

    def hints(self) -> list[Hint]:
        return [("dialog.accept", _("Try")), ("dialog.cancel", _("Close"))]

    def on_mount(self) -> None:
        self.set_focus(self.hours if self.school.value else self.school.input)

    @on(LookupInput.Changed)
    @on(Input.Changed)
    def _edited(self) -> None:
        """What was found belongs to what was asked."""
        self.problem("")
        self.query_one("#found", Static).update("")

    def action_accept(self) -> None:
        hours = self.hours.value.strip()
        if not self.school.value:
            self.problem(_("Say for which school."))
            self.school.input.focus()
        elif not hours.isdecimal() or not 1 <= int(hours) <= MOST_HOURS:
            text = _("Give the hours as a number from 1 to {most}.")
            self.problem(text.format(most=MOST_HOURS))
            self.hours.focus()
        else:
            self.settle()
            self.query_one("#found", Static).update(_("One moment …"))
            work = self._try(self.school.value, int(hours))
            self.run_worker(work, exclusive=True, exit_on_error=False)

    async def _try(self, school: str, hours: int) -> None:
        shown = self.query_one("#found", Static)
        try:
            found = await self.run_trial(school, hours)
        except Exception as error:  # offline, refused, a school that nobody has
            shown.update("")
            self.problem(sentence(error) or type(error).__name__)
            return
        shown.update(Content("\n").join(_told(found)))


def _told(found: Json) -> list[Content]:
    since, until = (cells.when(found[name], long=True) for name in ("since", "until"))
    lines = [Content.styled(f"{since} – {until}", "bold")]
    if not found["alerts"]:
        return [*lines, Content(_("Nothing would have been told."))]
    for one in found["alerts"][:SHOWN]:
        glyph = incidents.GLYPHS.get(one["severity"], "?")
        end = f" – {cells.when(one['until'])}" if one["until"] else ""
        head = (f"{glyph} ", incidents.STYLES.get(one["severity"], ""))
        lines.append(Content.assemble(head, cells.clean(f"{cells.when(one['fired'])}{end}  "
                                                        f"{one['text']}")))  # fmt: skip
    if (more := len(found["alerts"]) - SHOWN) > 0:
        lines.append(Content(_("… and {count} more").format(count=cells.number(more))))
    return lines
