"""The spool's rows of one boot: on disk in segment files, or in memory when the disk refuses.

A chapter knows three numbers: `last`, the highest seq ever given; `acked`, the highest one the
server has booked; `floor`, the highest one that is known to be gone. What lies above both and
was not rejected is pending.
"""

from __future__ import annotations

import posix

from agents import system
from agents.files import read_bytes, sync_folder, write_all, write_atomic
from agents.jsontext import from_json, to_json
from agents.protocol import Row
from agents.quiet import suppress
from agents.records import decode_row, pack, scan

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_STATE = "chapter.json"
_SUFFIX = ".seg"
RECENT_ROWS = 64
"""Rows of a chapter that are held in memory beside the file."""


class DoubtfulWrite(OSError):
    """A write failed and could not be taken back: the rows may or may not be in the file."""


class Chapter:
    """Accounts of one boot. Subclasses hold the records."""

    def __init__(self, boot: str) -> None:
        self.boot = boot
        self.acked = 0
        self.floor = 0
        self.last = 0
        self.rejected: set[int] = set()
        self.lost = 0
        """Rows found to be gone since `take_lost` was last called."""

    @property
    def pending(self) -> int:
        """How many rows still wait for an acknowledgement."""
        base = max(self.acked, self.floor)
        count = self.last - base
        return count - sum(seq > base for seq in self.rejected) if self.rejected else count

    def records(self) -> Iterator[tuple[int, bytes]]:
        """(seq, payload) of what is held above `acked`, in order of seq."""
        raise NotImplementedError

    def read(self, max_rows: int, max_bytes: int) -> list[Row]:
        """The next pending rows without a gap between them; at least one if there is any.

        Finding out that nothing is left where something should be counts it as lost.
        """
        rows: list[Row] = []
        size = 0
        for seq, payload in self.records():
            if seq in self.rejected:
                if rows:
                    break
                continue
            if rows and (
                seq != rows[-1].seq + 1 or len(rows) >= max_rows or size + len(payload) > max_bytes
            ):
                break
            rows.append(decode_row(seq, payload))
            size += len(payload)
        self._sink_to(rows[0].seq - 1 if rows else self.last)
        return rows

    def _sink_to(self, seq: int) -> None:
        base = max(self.acked, self.floor)
        if seq > base:
            gone = sum(1 for number in self.rejected if base < number <= seq)
            self.lost += seq - base - gone
            self.floor = seq

    def lost_before(self, first_seq: int) -> int:
        """What a batch that begins with `first_seq` has to say about a gap before it."""
        return first_seq if first_seq > self.acked + 1 else 0

    def take_lost(self) -> int:
        """Rows newly found gone; asked once, told once."""
        lost, self.lost = self.lost, 0
        return lost

    def acknowledge(self, seq: int) -> None:
        """The server has booked everything up to `seq`."""
        self.acked = max(self.acked, min(seq, self.last))
        if self.rejected:
            self.rejected = {number for number in self.rejected if number > self.acked}

    def rewind(self, seq: int) -> None:
        """The server has booked less than it said before: offer what is left above `seq`."""
        self.acked = min(seq, self.last)
        self.floor = min(self.floor, self.acked)


class MemoryChapter(Chapter):
    """Rows that found no place on the disk. Its boot is new in every process, so no number of it
    can be given twice; what is unsent when the process ends is gone."""

    def __init__(self, boot: str, limit: int = 2_000) -> None:
        super().__init__(boot)
        self._limit = limit
        self._held: list[tuple[int, bytes]] = []

    def append(self, payloads: list[bytes]) -> None:
        """Hold rows; beyond the limit the oldest go."""
        for payload in payloads:
            self.last += 1
            self._held.append((self.last, payload))
        if len(self._held) > self._limit:
            self._sink_to(self._held[-self._limit - 1][0])
            del self._held[: -self._limit]

    def records(self) -> Iterator[tuple[int, bytes]]:
        return iter([entry for entry in self._held if entry[0] > self.acked])

    def acknowledge(self, seq: int) -> None:
        super().acknowledge(seq)
        _forget(self._held, self.acked)


class Segment:
    """A file of records. `offset` is where the first one that is not acknowledged may begin."""

    __slots__ = ("first", "last", "offset", "path", "size")

    def __init__(self, path: str, first: int, last: int, size: int) -> None:
        self.path = path
        self.first = first
        self.last = last
        self.size = size
        self.offset = 0


def _forget(held: list[tuple[int, bytes]], acked: int) -> None:
    """Drop the rows up to `acked`, which are the first ones."""
    count = 0
    while count < len(held) and held[count][0] <= acked:
        count += 1
    del held[:count]


class DiskChapter(Chapter):
    """Rows on disk. What `append` has written survives the end of this process, and a power cut
    once `flush` has returned. The newest rows are held in memory too, so that a row which is
    delivered at once is never read back."""

    def __init__(self, folder: str, boot: str, kernel: str) -> None:
        super().__init__(boot)
        self.folder = folder
        self.kernel = kernel
        self.segments: list[Segment] = []
        self.intact = True
        """False after damage: no further row may get a number of this boot."""
        self._handle = -1
        self._recent: list[tuple[int, bytes]] = []
        self._flushed = True
        self._unsaved = 0

    # -- opening ---------------------------------------------------------------------------

    @classmethod
    def create(cls, folder: str, boot: str, kernel: str) -> DiskChapter:
        """Begin a chapter in a new folder. Raises OSError, leaving nothing behind."""
        chapter = cls(folder, boot, kernel)
        posix.mkdir(folder, 0o700)
        try:
            chapter.save()
            sync_folder(system.folder_of(folder))
        except OSError:
            chapter.remove()
            raise
        return chapter

    @classmethod
    def load(cls, folder: str, boot: str) -> DiskChapter:
        """Read a chapter back after a restart; a torn tail is cut off. Raises OSError."""
        chapter = cls(folder, boot, "")
        try:
            state = from_json(read_bytes(system.join(folder, _STATE)))
            chapter.kernel = str(state["kernel"])
            chapter.acked = int(state["acked"])
            chapter.rejected = {int(seq) for seq in state["rejected"]}
        except (OSError, ValueError, KeyError, TypeError):
            chapter.acked = 0
            chapter.intact = False  # repeats are harmless, numbers given twice would not be
        names = sorted(name for name in posix.listdir(folder) if name.endswith(_SUFFIX))
        firsts = [int(name[: -len(_SUFFIX)]) for name in names]
        for index, (name, first) in enumerate(zip(names, firsts, strict=True)):
            path = system.join(folder, name)
            size = posix.stat(path).st_size
            last = firsts[index + 1] - 1 if index + 1 < len(names) else 0
            chapter.segments.append(Segment(path, first, last, size))
        if chapter.segments:
            chapter._recover_tail(chapter.segments[-1])
            chapter.floor = max(chapter.acked, chapter.segments[0].first - 1)
            chapter.last = chapter.segments[-1].last
        chapter.last = max(chapter.last, chapter.acked)
        return chapter

    def _recover_tail(self, tail: Segment) -> None:
        tail.last = tail.first - 1
        end = 0
        for record in scan(read_bytes(tail.path)):
            tail.last = max(tail.last, record.seq)
            end = record.end
        if end < tail.size:
            self.intact = False
            posix.truncate(tail.path, end)
            tail.size = end

    # -- writing ---------------------------------------------------------------------------

    def append(self, payloads: list[bytes], segment_bytes: int, *, flush: bool = True) -> None:
        """Give the rows the next numbers and write them. On OSError no number was used; on
        DoubtfulWrite the chapter must not be appended to again."""
        tail = self._tail(segment_bytes)
        rows = list(enumerate(payloads, self.last + 1))
        data = b"".join([pack(seq, payload) for seq, payload in rows])
        try:
            write_all(self._handle, data)
            if flush:
                posix.fdatasync(self._handle)
        except OSError as error:
            self._take_back(tail, error)
            raise
        tail.size += len(data)
        self.last = tail.last = rows[-1][0]
        self._flushed = self._flushed and flush
        self._recent += rows
        if len(self._recent) > RECENT_ROWS:
            self._recent.clear()  # nobody takes them at the moment; they are in the file

    def flush(self) -> None:
        """Let what waits survive a power cut. After an OSError nothing more may be appended: the
        rows may have been sent already, so they keep their numbers."""
        if self._flushed or self.pending <= 0:
            return
        try:
            posix.fdatasync(self._handle)
        except OSError:
            self.intact = False
            raise
        self._flushed = True

    def _take_back(self, tail: Segment, error: OSError) -> None:
        try:
            posix.ftruncate(self._handle, tail.size)
        except OSError:
            self.intact = False
            raise DoubtfulWrite(error.errno, error.strerror) from error

    def _tail(self, segment_bytes: int) -> Segment:
        if self.segments and self.segments[-1].size < segment_bytes:
            tail = self.segments[-1]
            if self._handle < 0:
                self._handle = posix.open(
                    tail.path, posix.O_RDWR | posix.O_APPEND | posix.O_CLOEXEC
                )
            return tail
        self.flush()
        path = system.join(self.folder, f"{self.last + 1:016d}{_SUFFIX}")
        flags = posix.O_RDWR | posix.O_APPEND | posix.O_CREAT | posix.O_TRUNC | posix.O_CLOEXEC
        handle = posix.open(path, flags, 0o600)
        try:
            sync_folder(self.folder)
        except OSError:
            posix.close(handle)
            raise
        self.close()
        self._handle = handle
        self.segments.append(Segment(path, self.last + 1, self.last, 0))
        return self.segments[-1]

    # -- reading and forgetting ------------------------------------------------------------

    def records(self) -> Iterator[tuple[int, bytes]]:
        if self._recent and self._recent[0][0] == max(self.acked, self.floor) + 1:
            return iter(list(self._recent))
        return self._records_of_files()

    def _records_of_files(self) -> Iterator[tuple[int, bytes]]:
        previous = self.acked
        for segment in list(self.segments):
            if segment.last <= self.acked:
                continue
            start = segment.offset
            for record in scan(self._content(segment, start)):
                if record.seq <= self.acked:
                    segment.offset = start + record.end
                elif record.seq > previous:
                    previous = record.seq
                    yield record.seq, record.payload

    def _content(self, segment: Segment, start: int) -> bytes:
        if self._handle >= 0 and segment is self.segments[-1]:
            return posix.pread(self._handle, segment.size - start, start)
        try:
            return read_bytes(segment.path)[start:]
        except FileNotFoundError:
            return b""  # somebody deleted it: the rows count as lost, the rest goes on

    def acknowledge(self, seq: int, save_every: int = 32) -> None:
        """As in Chapter; whole segments that are done are deleted.

        The number is flushed to disk when a segment goes, and written every `save_every` times:
        losing it costs a repeat, which the server recognises, and saves the flushes. The
        deletion comes first, since on a full disk it makes the room; the last segment, whose
        name and records tell the next number, always stays.
        """
        super().acknowledge(seq)
        _forget(self._recent, self.acked)
        self._unsaved += 1
        done = False
        while len(self.segments) > 1 and self.segments[0].last <= self.acked:
            posix.unlink(self.segments.pop(0).path)
            done = True
        if done or self._unsaved >= save_every:
            self.save(durable=done)

    def rewind(self, seq: int) -> None:
        super().rewind(seq)
        for segment in self.segments:
            segment.offset = 0
        self.save()

    def drop_oldest(self) -> None:
        """Give up the oldest segment, to make room; its pending rows are lost."""
        oldest = self.segments.pop(0)
        self._recent.clear()
        if not self.segments:
            self.close()
        self._sink_to(oldest.last)
        posix.unlink(oldest.path)

    def save(self, *, durable: bool = True) -> None:
        """Put `acked` on disk; `durable` as in `write_atomic`."""
        state = {"acked": self.acked, "kernel": self.kernel, "rejected": sorted(self.rejected)}
        path = system.join(self.folder, _STATE)
        write_atomic(path, to_json(state).encode(), durable=durable)
        self._unsaved = 0

    @property
    def bytes(self) -> int:
        """Size on disk."""
        size = 0
        for segment in self.segments:
            size += segment.size
        return size

    def close(self) -> None:
        """Close the file that is appended to."""
        if self._handle >= 0:
            posix.close(self._handle)
            self._handle = -1

    def remove(self) -> None:
        """Delete the chapter with everything in it."""
        self.close()
        for name in sorted(posix.listdir(self.folder), reverse=True):  # its state file first
            with suppress(OSError):
                posix.unlink(system.join(self.folder, name))
        posix.rmdir(self.folder)
