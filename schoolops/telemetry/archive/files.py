"""The files of the archive, and the list of them.

A file: a line of JSON (`{"format", "grain", "day", "schoolops"}`), then row after row

    tag u8 | length of kind u8 | record u64 | hour or day u32 | reports u32 | length of data u32
    kind, data

where the tag says of which table the row is (`TAGS`). Its name carries the beginning of its
checksum, so another content has another name.
"""

from __future__ import annotations

import datetime as dt
import fcntl
import hashlib
import json
import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any, NamedTuple

import schoolops
from schoolops.core.settings import Settings
from schoolops.db.backup.container import BadBackup, sha256, sync_folder

FORMAT = 1
FOLDER, LISTING = "measurements", "listing.json"
SUFFIX, MAKING = ".measurements", ".making"
REPORTS, FINE, HOURLY = GRAINS = ("reports", "fine", "hourly")
PACKED, HOUR, DAY, HOURS = TAGS = range(1, 5)
"""A row of `sealed`; of `rolled_hour`; `fine` of a `rollup`; `hourly` of a `rollup`."""
_ROW = struct.Struct("<BBQIII")
_LONGEST = 1 << 26
_DAY_ZERO = dt.date(1970, 1, 1).toordinal()


class Stored(NamedTuple):
    """A row of a table of measurements; `reports` is 0 where the table has none."""

    tag: int
    kind: str
    record: int
    at: int
    reports: int
    data: bytes


@dataclass(slots=True)
class Entry:
    """A valid file. `changes`: of the day's part, as they were counted in what it holds; `written`:
    micros."""

    file: str
    grain: str
    day: int
    sha256: str
    bytes: int
    rows: int
    changes: int
    written: int


def date_of(day: int) -> str:
    """20000 → '2024-10-04'."""
    return dt.date.fromordinal(day + _DAY_ZERO).isoformat()


def folder_of(settings: Settings) -> Path:
    """Where the archive lies: beside the backups."""
    return settings.backup_folder / FOLDER


class Listing:
    """The valid files of a folder."""

    def __init__(self, folder: Path) -> None:
        """Read the list; a folder without one has no files. `BadBackup` if it is damaged."""
        self.folder = folder
        self.entries: dict[tuple[str, int], Entry] = {}
        try:
            found = json.loads((folder / LISTING).read_bytes())
            if found["format"] > FORMAT:
                raise BadBackup(
                    f"{folder} was written by a newer schoolops; install that version first",
                    code="backup.newer",
                )
            if found["sha256"] != _digest(found["files"]):
                raise ValueError("another checksum")
            for given in found["files"]:
                entry = Entry(**given)
                self.entries[entry.grain, entry.day] = entry
        except FileNotFoundError:
            return
        except (ValueError, KeyError, TypeError) as error:
            raise BadBackup(
                f"the list of the archive, {folder / LISTING}, is damaged ({error}); take a copy "
                "of the folder, or move it away: what the database holds is archived anew"
            ) from None

    def days(self, grain: str) -> list[int]:
        """The days of which there is a file of a grain, in order."""
        return sorted(day for of, day in self.entries if of == grain)

    def write(self) -> None:
        """Put this list into the place of the old one, at one stroke."""
        files = [asdict(self.entries[key]) for key in sorted(self.entries)]
        content = {"format": FORMAT, "sha256": _digest(files), "files": files}
        making = self.folder / f"{LISTING}{MAKING}"
        with open(os.open(making, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump(content, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        os.replace(making, self.folder / LISTING)
        sync_folder(self.folder)

    def clear(self) -> None:
        """Delete files that are not listed: replaced, past their time, left by a killed process."""
        valid = {entry.file for entry in self.entries.values()}
        for path in self.folder.iterdir():
            if path.name.endswith(MAKING) or (path.suffix == SUFFIX and path.name not in valid):
                path.unlink()

    def check(self) -> None:
        """Prove each file. `BadBackup` names the first that is missing or damaged."""
        for entry in self.entries.values():
            path = self.folder / entry.file
            if not path.is_file():
                raise BadBackup(f"{path} is missing, which the archive lists; bring it back")
            if path.stat().st_size != entry.bytes or sha256(path) != entry.sha256:
                raise BadBackup(f"{path} is damaged: it has another checksum; take a copy of it")


def _digest(files: list[dict[str, Any]]) -> str:
    return hashlib.sha256(json.dumps(files, sort_keys=True).encode()).hexdigest()


@contextmanager
def own_folder(folder: Path) -> Iterator[None]:
    """The folder, made if it is not there, for one process at a time."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with open(os.open(folder / ".lock", os.O_RDWR | os.O_CREAT, 0o600), "rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


class Writer:
    """Writes one file; it counts once it is finished and listed."""

    def __init__(self, folder: Path, grain: str, day: int) -> None:
        self._folder, self.grain, self.day = folder, grain, day
        self._path = folder / f"{date_of(day)}-{grain}{MAKING}"
        handle = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        self._file = os.fdopen(handle, "wb")
        self._digest, self._size, self.rows = hashlib.sha256(), 0, 0
        head = {"format": FORMAT, "grain": grain, "day": day, "schoolops": schoolops.__version__}
        self._put(json.dumps(head).encode() + b"\n")

    def add(self, row: Stored) -> None:
        kind = row.kind.encode()
        size = len(row.data)
        self._put(_ROW.pack(row.tag, len(kind), row.record, row.at, row.reports, size) + kind)
        self._put(row.data)
        self.rows += 1

    def _put(self, data: bytes) -> None:
        self._digest.update(data)
        self._file.write(data)
        self._size += len(data)

    def finish(self, changes: int, written: int) -> Entry:
        """Have it on the disk, under its own name."""
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        digest = self._digest.hexdigest()
        name = f"{date_of(self.day)}-{self.grain}-{digest[:12]}{SUFFIX}"
        os.replace(self._path, self._folder / name)
        sync_folder(self._folder)
        return Entry(name, self.grain, self.day, digest, self._size, self.rows, changes, written)

    def close(self) -> None:
        """Give up what is not finished."""
        self._file.close()
        self._path.unlink(missing_ok=True)


def read(folder: Path, entry: Entry) -> Iterator[Stored]:
    """The rows of a file. `BadBackup` at its end if it is not the one that was listed."""
    path, count = folder / entry.file, 0
    with path.open("rb") as plain:
        file = _Summing(plain)
        try:
            head = json.loads(file.line())
            if (head["format"], head["grain"], head["day"]) != (FORMAT, entry.grain, entry.day):
                raise ValueError("it is of another day or version")
            while start := file.take(_ROW.size, or_end=True):
                tag, length, record, at, reports, size = _ROW.unpack(start)
                if size > _LONGEST:
                    raise ValueError("a row is too long")
                kind = file.take(length).decode()
                yield Stored(tag, kind, record, at, reports, file.take(size))
                count += 1
        except (ValueError, KeyError, TypeError) as error:
            raise BadBackup(f"{path} is damaged: {error}; take a copy of it") from None
        if file.digest.hexdigest() != entry.sha256 or count != entry.rows:
            raise BadBackup(f"{path} is damaged: it has another checksum; take a copy of it")


class _Summing:
    """Reads a file and reckons its checksum on the way."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self.digest = file, hashlib.sha256()

    def line(self) -> bytes:
        data = self._file.readline(10_000)
        self.digest.update(data)
        return data

    def take(self, size: int, *, or_end: bool = False) -> bytes:
        data = self._file.read(size)
        if len(data) < size and not (or_end and not data):
            raise ValueError("it ends too early")
        self.digest.update(data)
        return data
