"""What an import did or would do: counts, refused rows first, and how headings were read."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from inventory.kinds import KINDS, Kind
from tui.cells import clean, number
from tui.dialogs.ask_path import AskPath
from tui.dialogs.base import Body, Dialog, Hint, Sentence
from tui.dialogs.texts import label, show
from tui.i18n import _, ngettext
from tui.said import translated

SHOWN = 300
"""Rows of each outcome that are drawn; the saved report has all."""


class ImportReport(Dialog[str]):
    """Takes the server's answer to an import; answers 'apply' after a dry run that should now
    be done, else None."""

    TALL = True
    DEFAULT_CSS = """
    ImportReport > #box {
        width: 110;
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a", "accept", "Apply", show=False, id="dialog.apply"),
        Binding("s", "save", "Save the report", show=False, id="dialog.save_report"),
        Binding("enter", "close", "Close", show=False, id="dialog.close"),
        Binding("pagedown,space", "scroll_rows(20)", "Further down", show=False),
        Binding("pageup", "scroll_rows(-20)", "Further up", show=False),
        Binding("down,j", "scroll_rows(1)", "Down", show=False),
        Binding("up,k", "scroll_rows(-1)", "Up", show=False),
    ]

    def __init__(self, report: Mapping[str, Any], *, filename: str = "", kind: str = "") -> None:
        self.report = report
        self.dry_run = bool(report.get("dry_run"))
        self.kind: Kind | None = KINDS.get(kind)
        name = clean(os.path.basename(filename))
        title = _("Import, tried only") if self.dry_run else _("Import, done")
        super().__init__(f"{title}: {name}" if name else title)

    @property
    def to_write(self) -> int:
        return int(self.report.get("new", 0)) + int(self.report.get("changed", 0))

    @property
    def can_apply(self) -> bool:
        return self.dry_run and self.to_write > 0

    def above(self) -> Iterable[Widget]:
        yield Static(self._counts(), markup=False)

    def _counts(self) -> Content:
        words = {
            "refused": _("refused"),
            "new": _("new"),
            "changed": _("changed"),
            "same": _("same"),
        }
        if self.report.get("retired"):
            words["retired"] = _("retired, kept")
        if self.report.get("kept"):
            words["kept"] = _("with kept values")
        parts = [
            Content.assemble((number(int(self.report.get(name, 0))), "bold"), f" {word}")
            for name, word in words.items()
        ]
        return Content(" · ").join(parts)

    def body(self) -> ComposeResult:
        rows = list(self.report.get("rows") or [])
        refused = [row for row in rows if row.get("outcome") == "refused"]
        yield from self._section(
            ngettext("Refused row", "Refused rows", len(refused)), map(self._refused, refused)
        )
        odd = [row for row in rows if row.get("reason") and row.get("outcome") != "refused"]
        yield from self._section(_("Odd, but taken"), map(self._remarked, odd))
        yield from self._section(_("How the headings were read"), self._mapping())
        ignored = [clean(str(heading)) for heading in self.report.get("ignored") or []]
        yield from self._section(_("Ignored headings"), [", ".join(ignored)] if ignored else [])
        retired = [row for row in rows if row.get("outcome") == "retired"]
        yield from self._section(_("Retired here, and kept so"), map(self._written, retired))
        kept = [row for row in rows if row.get("kept")]
        yield from self._section(_("Kept: corrected here since"), map(self._kept, kept))
        written = [row for row in rows if row.get("outcome") in ("new", "changed")]
        heading = _("What would be written") if self.dry_run else _("What was written")
        yield from self._section(heading, map(self._written, written))

    def _section(self, heading: str, lines: Iterable[str | Content]) -> Iterable[Widget]:
        drawn = list(lines)
        if not drawn:
            return
        yield Static(Content.styled(heading, "bold underline"), classes="caption")
        yield Static(Content("\n").join(Content(x) if isinstance(x, str) else x
                                        for x in drawn[:SHOWN]))  # fmt: skip
        if len(drawn) > SHOWN:
            more = number(len(drawn) - SHOWN)
            yield Static(
                _("… and {count} more; the saved report has all.").format(count=more), markup=False
            )

    def _refused(self, row: Mapping[str, Any]) -> Content:
        return self._reasoned("✗ ", row)

    def _remarked(self, row: Mapping[str, Any]) -> Content:
        return self._reasoned("! ", row)

    def _reasoned(self, mark: str, row: Mapping[str, Any]) -> Content:
        where = _("row {number}").format(number=row.get("row", "?"))
        key = clean(str(row.get("key") or ""))
        return Content.assemble(
            (mark, "bold"),
            where,
            f" {key}: " if key else ": ",
            self._why(row),
        )

    def _why(self, row: Mapping[str, Any]) -> str:
        """The reason, with fields by their name on the screen."""
        return translated(_labelled(row, self.kind), str(row.get("reason") or ""))

    def _written(self, row: Mapping[str, Any]) -> Content:
        where = _("row {number}").format(number=row.get("row", "?"))
        sign = {"new": "+", "retired": "="}.get(str(row.get("outcome")), "~")
        changes = ", ".join(self._change(*item) for item in dict(row.get("changes") or {}).items())
        return Content(f"{sign} {where} {clean(str(row.get('key') or ''))} {changes}".rstrip())

    def _kept(self, row: Mapping[str, Any]) -> Content:
        where = _("row {number}").format(number=row.get("row", "?"))
        told = ", ".join(self._own(*item) for item in dict(row["kept"]).items())
        return Content(f"= {where} {clean(str(row.get('key') or ''))} {told}")

    def _own(self, name: str, pair: Any) -> str:
        field = self.kind.by_name().get(name) if self.kind else None
        own, other = (clean(str(x)) if field is None else show(field, x) for x in pair)
        text = _("{field}: {own} (the list: {other})")
        name = label(field) if field else name
        return clean(text.format(field=name, own=own, other=other))

    def _change(self, name: str, pair: Any) -> str:
        field = self.kind.by_name().get(name) if self.kind else None
        old, new = pair if isinstance(pair, (list, tuple)) and len(pair) == 2 else (None, pair)
        if field is None:
            return clean(f"{name}: {old} → {new}")
        return clean(f"{label(field)}: {show(field, old)} → {show(field, new)}")

    def _mapping(self) -> list[str]:
        found = []
        fields = self.kind.by_name() if self.kind else {}
        for heading, name in dict(self.report.get("mapping") or {}).items():
            to = label(fields[name]) if name in fields else str(name)
            found.append(f"{clean(str(heading))} → {to}")
        return found

    def below(self) -> Iterable[Widget]:
        yield Sentence(id="remark")

    def on_mount(self) -> None:
        if self.dry_run and not self.to_write:
            text = _("There is nothing to write: the records are already like this.")
            if self.report.get("refused"):
                text = _("There is nothing to write: correct the refused rows in the file first.")
            self.query_one("#remark", Sentence).say(text)
        self.set_focus(None)

    def hints(self) -> list[Hint]:
        apply = ngettext("Write {count} record", "Write {count} records", self.to_write)
        hints = [
            ("dialog.save_report", _("Save the report")),
            ("dialog.cancel", _("Leave") if self.can_apply else _("Close")),
        ]
        if self.can_apply:
            hints.insert(0, ("dialog.apply", apply.format(count=number(self.to_write))))
        return hints

    def action_accept(self) -> None:
        if self.can_apply:
            self.dismiss("apply")

    def action_close(self) -> None:
        """Enter closes what is only to be read; what could be written wants its own key."""
        if not self.can_apply:
            self.dismiss(None)

    def action_scroll_rows(self, lines: int) -> None:
        self.query_one("#body", Body).scroll_relative(y=lines, animate=False)

    @work
    async def action_save(self) -> None:
        path = await self.app.push_screen_wait(AskPath(_("Save the report"), "import-report.csv"))
        if path is None:
            return
        remark = self.query_one("#remark", Sentence)
        try:
            write_report(Path(path), self.report)
        except OSError as error:
            remark.say(f"{clean(path)}: {error.strerror}", problem=True)
        else:
            remark.say(_("Saved as {path}.").format(path=clean(path)))


def _labelled(found: Mapping[str, Any], kind: Kind | None) -> dict[str, Any]:
    """A sentence as the server sent it, its fields (`school`) by their label."""
    fields = kind.by_name() if kind else {}
    params = {
        name: _labelled(value, kind)
        if isinstance(value, Mapping)
        else label(fields[value])
        if name == "field" and value in fields
        else value
        for name, value in dict(found.get("params") or {}).items()
    }
    return {**found, "params": params} if "params" in found else dict(found)


def write_report(path: Path, report: Mapping[str, Any]) -> None:
    """Write all rows of a report as CSV that a spreadsheet opens. Raises OSError."""
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file, delimiter=";")
        writer.writerow([_("row"), _("key"), _("outcome"), _("reason"), _("changes"), _("kept")])
        order = {"refused": 0}
        outcomes = {"refused": _("refused"), "new": _("new"), "changed": _("changed"),
                    "same": _("same")}  # fmt: skip
        rows = list(report.get("rows") or [])
        for row in sorted(rows, key=lambda row: order.get(str(row.get("outcome")), 1)):
            changes, kept = (
                "; ".join(f"{name}: {pair}" for name, pair in dict(row.get(part) or {}).items())
                for part in ("changes", "kept")
            )
            cells = [
                row.get("row"),
                row.get("key"),
                outcomes.get(str(row.get("outcome")), row.get("outcome")),
                translated(row, str(row.get("reason") or "")),
                changes,
                kept,
            ]
            writer.writerow([_harmless(cell) for cell in cells])


def _harmless(cell: Any) -> Any:
    """Text of somebody's file must not become a formula in a spreadsheet."""
    text = "" if cell is None else cell
    return f"'{text}" if isinstance(text, str) and text[:1] in ("=", "+", "-", "@") else text
