"""What an import would do, row by row, before anything is written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from inventory.fields import Value
from inventory.formats.importing import ParsedRow
from inventory.kinds import Kind
from inventory.sentences import join
from schoolops.estate.values import explained

OUTCOMES = ("new", "changed", "same", "retired", "refused")
"""`retired`: a published list names a record that was taken out of use here, and stays so."""
REPORTED = 1000
"""Rows that a report lists of what is not refused; refused ones are all listed."""
PROBLEMS = 6
"""What is wrong with one row, told in full; of more it is said how many."""


@dataclass(slots=True)
class Proposal:
    """One good row of a file: a new record, or what differs in the one that is there (`found`).

    `columns` is what to set, `kept` the values of people that a published list does not touch
    (field → own, the list's), `settled` the fields in which the list says what people said.
    """

    row: ParsedRow
    key: str
    values: dict[str, Value]
    ids: dict[str, int]
    found: Any = None
    columns: dict[str, Any] = field(default_factory=dict)
    kept: dict[str, list[Any]] = field(default_factory=dict)
    settled: frozenset[str] = frozenset()


@dataclass(slots=True)
class ImportPlan:
    """What an import would do. `report()` is the API's answer."""

    kind: Kind
    filename: str
    sha256: str
    published: bool = False
    overwrite: bool = False
    counts: Counter[str] = field(default_factory=Counter)
    rows: list[dict[str, Any]] = field(default_factory=list)
    inserts: list[Proposal] = field(default_factory=list)
    updates: list[Proposal] = field(default_factory=list)
    settled: list[Proposal] = field(default_factory=list)
    mapping: Mapping[str, str] = field(default_factory=dict)
    ignored: Sequence[str] = ()
    notes: Sequence[str] = ()

    def lists(self, outcome: str) -> bool:
        """Whether the next row of that outcome is listed even if there is nothing to say."""
        listed = sum(self.counts[name] for name in ("new", "changed", "retired")) < REPORTED
        return outcome == "refused" or (outcome != "same" and listed)

    def note(self, row: int, key: str, outcome: str, reason: str = "", **more: Any) -> None:
        """Count a row, and list it where that tells something. `more` goes into the report."""
        listed = self.lists(outcome) or "kept" in more or (reason and outcome != "same")
        self.counts[outcome] += 1
        self.counts["kept"] += "kept" in more
        if listed:
            self.rows.append(
                {"row": row, "key": key, "outcome": outcome, **explained(reason), **more}
            )

    def refuse(self, row: int, key: str, problems: Sequence[str]) -> None:
        """Note a row that cannot be taken, with all that is wrong with it."""
        self.note(row, key, "refused", join(problems, most=PROBLEMS))

    def totals(self) -> dict[str, int]:
        return {name: self.counts[name] for name in (*OUTCOMES, "kept")}

    def report(self, dry_run: bool) -> dict[str, Any]:
        return {
            **self.totals(),
            "dry_run": dry_run,
            "mapping": dict(self.mapping),
            "ignored": list(self.ignored),
            "notes": list(self.notes),
            "rows": self.rows,
        }
