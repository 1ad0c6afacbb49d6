"""What was measured and not yet acknowledged: survives kill -9, a power cut and a full disk.

    spool/<ordinal>-<boot>/<first seq>.seg    records, see agents.records
    spool/<ordinal>-<boot>/chapter.json       acknowledged up to where
    spool/counters.json                       rows dropped and rejected so far
    spool/rejected.jsonl                      rows the server refused to book, with its reason

A row is written before it may be sent, so its number is never given to another row. A *boot* is
the range in which numbers grow without a gap. A new one begins with a new spool, with a new boot
of the machine (a restored disk image must not reuse numbers) and whenever damage leaves doubt
about the last number; older boots are delivered first, each under its own name.

What is written survives kill -9. To survive a power cut it must be flushed, which costs more
than all else and wears flash memory, so a row that the server books at once is not: see `flush`.

When the disk refuses a row, it is held in memory under a boot of this process alone, and
delivered from there; beyond 2,000 rows the oldest are dropped and counted. Every method may be
called from any thread.
"""

from __future__ import annotations

import posix

from agents import system
from agents.chapter import Chapter, DiskChapter, DoubtfulWrite, MemoryChapter
from agents.clocks import Turns, setting_us
from agents.events import Lock
from agents.files import kernel_boot_id, read_bytes, write_all, write_atomic
from agents.jsontext import from_json, to_json
from agents.log import say
from agents.protocol import MAX_ROWS, Row
from agents.records import encode_payload

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, NamedTuple
else:
    from agents.tuples import NamedTuple

LIMIT_BYTES = 64 * 1024 * 1024
SEGMENT_BYTES = 256 * 1024
REJECTED_BYTES = 1024 * 1024
_COUNTERS = "counters.json"
_REJECTED = "rejected.jsonl"


class Pending(NamedTuple):
    """Consecutive rows of one boot, next to be delivered."""

    boot: str
    rows: list[Row]
    lost_before: int


class Spool:
    """The spool in `folder`. `limit_bytes` bounds its files; the oldest go first."""

    def __init__(
        self,
        folder: str,
        *,
        limit_bytes: int = LIMIT_BYTES,
        segment_bytes: int = SEGMENT_BYTES,
        memory_rows: int = 2_000,
        kernel: str | None = None,
        setting: Callable[[], int] = setting_us,
    ) -> None:
        self.folder = folder
        self.dropped_rows = 0
        self.rejected_rows = 0
        self.invalid_rows = 0
        self.trouble = ""
        """Why rows are not on disk at the moment; '' when all is well."""
        self._limit = limit_bytes
        self._segment_bytes = segment_bytes
        self._kernel = kernel_boot_id() if kernel is None else kernel
        """The start of the machine, and which folder: a copy of one begins a new boot."""
        self._lock = Lock()
        self.setting = setting
        """How the wall clock is set; see agents.clocks."""
        self._turns = Turns(setting())
        self._chapters: list[DiskChapter] = []
        self._current: DiskChapter | None = None
        self._memory = MemoryChapter(posix.urandom(16).hex(), memory_rows)
        self._turns.own(self._memory.boot, 1)
        self._ordinal = 0
        try:
            self._load()
        except OSError as error:
            self.trouble = f"{error.strerror}: {folder}"

    def _load(self) -> None:
        system.make_folders(self.folder, 0o700)
        if self._kernel:
            self._kernel += f" {posix.stat(self.folder).st_ino}"
        try:
            counters = from_json(read_bytes(system.join(self.folder, _COUNTERS)))
            self.dropped_rows = int(counters["dropped"])
            self.rejected_rows = int(counters["rejected"])
        except (OSError, ValueError, KeyError, TypeError):
            pass
        chapter: DiskChapter | None = None
        for name in sorted(posix.listdir(self.folder)):
            ordinal, _, boot = name.partition("-")
            if not (ordinal.isdigit() and boot):
                continue
            self._ordinal = max(self._ordinal, int(ordinal))
            chapter = DiskChapter.load(system.join(self.folder, name), boot)
            self._chapters.append(chapter)
        if chapter and chapter.intact and chapter.kernel == self._kernel:
            self._current = chapter
            self._turns.own(chapter.boot, chapter.last + 1)
        self._forget_finished()

    # -- the measuring side ----------------------------------------------------------------

    def append(self, reports: list[tuple[str, int, tuple[Any, ...]]], *, flush: bool = True) -> int:
        """Take (table, observed_at, report) and write them; returns how many were taken.

        With `flush` they survive a power cut from then on; without it only the end of this
        process: the caller acknowledges them within moments or calls `flush`. A report that
        cannot be encoded is left out and counted in `invalid_rows`. Never raises for a disk that
        refuses: see `trouble` and `dropped_rows`.
        """
        payloads = []
        for table, observed_at, report in reports:
            try:
                payloads.append(encode_payload(table, observed_at, report))
            except ValueError:
                self.invalid_rows += 1
        if not payloads:
            return 0
        with self._lock:
            self._look_at_clock()
            # Who does not know the machine's boots must not number a row anew after a power cut.
            self._append(payloads, flush or not self._kernel)
            self._count_lost()
        return len(payloads)

    def flush(self) -> None:
        """Put on disk for good what was appended without `flush` and is not acknowledged."""
        with self._lock:
            for chapter in self._chapters:
                try:
                    chapter.flush()
                except OSError as error:
                    self.trouble = f"{error.strerror}: the last rows may not survive a power cut"

    def _append(self, payloads: list[bytes], flush: bool) -> None:
        try:
            chapter = self._current if self._current and self._current.intact else self._begin()
            chapter.append(payloads, self._segment_bytes, flush=flush)
        except DoubtfulWrite as error:
            self._current = None
            self.dropped_rows += len(payloads)
            self.trouble = f"{error.strerror}: the last rows may be lost"
            self._save_counters()
        except OSError as error:
            self._memory.append(payloads)
            held = self._memory.pending
            self.trouble = f"{error.strerror}: {held} rows are held in memory alone"
        else:
            self.trouble = ""
            self._keep_limit()

    def _begin(self) -> DiskChapter:
        boot = posix.urandom(16).hex()
        system.make_folders(self.folder, 0o700)
        folder = system.join(self.folder, f"{self._ordinal + 1:08d}-{boot}")
        chapter = DiskChapter.create(folder, boot, self._kernel)
        self._ordinal += 1
        self._turns.own(boot, 1)
        if self._current:
            self._current.close()
        self._current = chapter
        self._chapters.append(chapter)
        return chapter

    def _keep_limit(self) -> None:
        size = 0
        for chapter in self._chapters:
            size += chapter.bytes
        while size > self._limit:
            oldest = next(chapter for chapter in self._chapters if chapter.segments)
            size -= oldest.segments[0].size
            if oldest is self._current and len(oldest.segments) == 1:
                return  # the file just written to stays, whatever the limit
            try:
                oldest.drop_oldest()
            except OSError as error:
                self.trouble = f"{error.strerror}: cannot delete the oldest rows"
            self._forget_finished()

    # -- the delivering side ---------------------------------------------------------------

    def peek(self, max_rows: int = MAX_ROWS, max_bytes: int = 1024 * 1024) -> Pending | None:
        """The next rows to deliver, or None. They stay until acknowledged."""
        with self._lock:
            self._look_at_clock()
            for chapter in self._in_order():
                if chapter.pending <= 0:
                    continue
                try:
                    rows = chapter.read(max_rows, max_bytes)
                except OSError as error:
                    self.trouble = f"{error.strerror}: cannot read {self.folder}"
                    continue
                self._count_lost()
                if rows:
                    first = rows[0].seq
                    if self._turns.happened:
                        rows = [self._as_set_now(chapter.boot, row) for row in rows]
                    return Pending(chapter.boot, rows, chapter.lost_before(first))
            self._forget_finished()
            return None

    def ack(self, boot: str, seq: int) -> None:
        """The server has booked all of `boot` up to `seq`; they may be forgotten.

        If `seq` was never given here, this folder is an old copy of one that has gone further:
        a new boot begins, since its next numbers are taken.
        """
        with self._lock:
            chapter = self._find(boot)
            if chapter is None:
                return
            if seq > chapter.last and isinstance(chapter, DiskChapter):
                chapter.intact = False
            try:
                chapter.acknowledge(seq)
            except OSError as error:
                self.trouble = f"{error.strerror}: cannot note what was acknowledged"
            self._forget_finished()

    def resume(self, boot: str, acked_seq: int) -> None:
        """The server says where it stands, which may be before what it acknowledged once."""
        with self._lock:
            chapter = self._find(boot)
        if chapter is None:
            return
        if acked_seq >= chapter.acked:
            self.ack(boot, acked_seq)
            return
        with self._lock:
            try:
                chapter.rewind(acked_seq)
            except OSError as error:
                self.trouble = f"{error.strerror}: cannot note what was acknowledged"

    def reject(self, boot: str, row: Row, reason: str) -> None:
        """Put a row aside that the server refuses for good; it is not offered again."""
        with self._lock:
            chapter = self._find(boot)
            if chapter is None:
                return
            chapter.rejected.add(row.seq)
            self.rejected_rows += 1
            try:
                self._note_rejected({"boot": boot, "reason": reason, **row._asdict()})
                if isinstance(chapter, DiskChapter):
                    chapter.save()
            except OSError as error:
                self.trouble = f"{error.strerror}: cannot keep rejected rows"
            self._save_counters()
            self._forget_finished()

    # -- figures ---------------------------------------------------------------------------

    @property
    def rows(self) -> int:
        """Rows that wait for an acknowledgement."""
        with self._lock:
            count = self._memory.pending
            for chapter in self._chapters:
                count += chapter.pending
            return count

    @property
    def bytes(self) -> int:
        """Size of the record files."""
        with self._lock:
            return sum(chapter.bytes for chapter in self._chapters)

    def close(self) -> None:
        """Note what was acknowledged and close the files."""
        with self._lock:
            for chapter in self._chapters:
                try:
                    chapter.flush()
                    chapter.close()
                    chapter.save()
                except OSError as error:
                    self.trouble = f"{error.strerror}: cannot note what was acknowledged"

    # -- inside ----------------------------------------------------------------------------

    def _look_at_clock(self) -> None:
        before = self._turns.setting
        if self._turns.note(self.setting(), [(c.boot, c.last) for c in self._in_order()]):
            moved = (self._turns.setting - before) / 1e6
            say(f"the clock was set by {moved:+.0f} s; what waits is told by the new one")

    def _as_set_now(self, boot: str, row: Row) -> Row:
        correction = self._turns.correction_us(boot, row.seq)
        return row._replace(observed_at=row.observed_at + correction) if correction else row

    def _in_order(self) -> list[Chapter]:
        return [*self._chapters, self._memory]

    def _find(self, boot: str) -> Chapter | None:
        for chapter in self._in_order():
            if chapter.boot == boot:
                return chapter
        return None

    def _forget_finished(self) -> None:
        for chapter in list(self._chapters):
            if chapter is self._current or chapter.pending > 0:
                continue
            self._chapters.remove(chapter)
            try:
                chapter.remove()
            except OSError as error:
                self.trouble = f"{error.strerror}: cannot delete what is delivered"

    def _count_lost(self) -> None:
        lost = self._memory.take_lost()
        for chapter in self._chapters:
            lost += chapter.take_lost()
        if lost:
            self.dropped_rows += lost
            self._save_counters()

    def _save_counters(self) -> None:
        counters = {"dropped": self.dropped_rows, "rejected": self.rejected_rows}
        try:
            path = system.join(self.folder, _COUNTERS)
            write_atomic(path, to_json(counters).encode(), durable=False)
        except OSError as error:
            self.trouble = f"{error.strerror}: cannot keep counters"

    def _note_rejected(self, entry: dict[str, Any]) -> None:
        path = system.join(self.folder, _REJECTED)
        handle = posix.open(
            path, posix.O_WRONLY | posix.O_CREAT | posix.O_APPEND | posix.O_CLOEXEC, 0o600
        )
        try:
            if posix.fstat(handle).st_size < REJECTED_BYTES:
                write_all(handle, to_json(entry).encode() + b"\n")
        finally:
            posix.close(handle)
