"""Which release of the agent runs: the installed file, or one of two slots in the state folder.

A new release goes into the slot that is not in use, and is on trial (agents.trial) until it has
delivered; then it is the active one. What is on trial or active is one record, replaced as a whole:
whenever the power goes, the next start finds either the old state or the new one.

    upgrade.json       {"installed", "active", "trial", "outcome"}, each of which may be missing
    release-a.pyz      one slot
    release-b.pyz      the other

Whoever replaces the installed file by hand gets that file: an active release holds only as long as
the file it came after is still the same.
"""

from __future__ import annotations

import posix

from agents import system
from agents.files import read_bytes, write_atomic
from agents.jsontext import from_json, to_json
from agents.log import say

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

MOST_STARTS = 3
"""So often a trial is begun anew after the power went or the agent was stopped."""
DONE, FAILED = "done", "failed"


class Slots:
    """The record in the state folder `path`, for the agent installed as the file `installed`."""

    def __init__(self, path: str, installed: str) -> None:
        self._path = path
        self._installed = installed
        try:
            record = from_json(read_bytes(system.join(path, "upgrade.json")))
        except (OSError, ValueError):
            record = {}
        self._record: dict[str, Any] = record if isinstance(record, dict) else {}

    @property
    def trial(self) -> dict[str, Any]:
        """What is on trial: slot, sha256, version, command, limit_s, starts; {} for nothing."""
        return self._part("trial")

    def archive(self) -> str:
        """The file to run when nothing is on trial."""
        active = self._part("active")
        if active and self._record.get("installed") == _mark(self._installed):
            file = self.file(active)
            if self.is_whole(active):
                return file
            say(f"{file} is damaged: the installed release runs instead")
        return self._installed

    def file(self, release: dict[str, Any]) -> str:
        """Where a release of the record lies."""
        return system.join(self._path, f"release-{release.get('slot')}.pyz")

    def is_whole(self, release: dict[str, Any]) -> bool:
        """Whether its file is the one that was checked when it came."""
        import hashlib

        try:
            data = read_bytes(self.file(release))
        except OSError:
            return False
        return hashlib.sha256(data).hexdigest() == release.get("sha256")

    def put(self, data: bytes, trial: dict[str, Any]) -> None:
        """Keep a checked release in the free slot and put it on trial. Raises OSError."""
        used = self.archive() == self.file({"slot": "a"})
        trial = {**trial, "slot": "b" if used else "a", "starts": 0}
        write_atomic(self.file(trial), data)
        self._write({"trial": trial})

    def begin(self) -> bool:
        """Count a start of the trial; False, and it has failed, if there were too many."""
        trial = self.trial
        starts = trial.get("starts")
        if not isinstance(starts, int) or starts >= MOST_STARTS:
            self.fail("the agent was stopped each time before the new release had delivered")
            return False
        if not self.is_whole(trial):
            self.fail("its file is damaged")
            return False
        self._write({"trial": {**trial, "starts": starts + 1}})
        return True

    def keep(self) -> None:
        """The trial has delivered: from now on it is the active release. Raises OSError."""
        trial = self.trial
        active = {name: trial[name] for name in ("slot", "sha256", "version")}
        outcome = {"state": DONE, "text": f"runs {trial['version']} now"}
        self._write({"active": active, "installed": _mark(self._installed)}, outcome)

    def fail(self, why: str) -> None:
        """The trial is over and the former release goes on. Raises OSError."""
        text = f"{self.trial.get('version')} was given up, the former release runs again: {why}"
        say(text)
        self._write({}, {"state": FAILED, "text": text})

    def outcome(self, command: str) -> dict[str, Any] | None:
        """What became of an upgrade: state, text and version; None while it is on trial."""
        if self.trial.get("command") == command:
            return None
        outcome = self._part("outcome")
        if outcome.get("command") == command:
            return outcome
        return {"state": FAILED, "text": "the agent was restarted while it was at it"}

    def _part(self, name: str) -> dict[str, Any]:
        part = self._record.get(name)
        return part if isinstance(part, dict) else {}

    def _write(self, changes: dict[str, Any], outcome: dict[str, Any] | None = None) -> None:
        record = {**self._record, **changes}
        if outcome is not None:
            trial = record.pop("trial")
            more = {"command": trial.get("command"), "version": trial.get("version")}
            record["outcome"] = {**outcome, **more}
        write_atomic(system.join(self._path, "upgrade.json"), to_json(record).encode())
        self._record = record


def _mark(file: str) -> list[int]:
    """Tells a file from one that took its place."""
    try:
        found = posix.stat(file)
    except OSError:
        return []
    return [found.st_size, found.st_mtime_ns]
