"""Files that must not be half-written, in as few imports as possible."""

from __future__ import annotations

import posix

from agents import system


def write_atomic(path: str, data: bytes, *, durable: bool = True) -> None:
    """Replace a file as a whole, readable by its owner alone (0600).

    After return the new content survives a crash of the process; with `durable` also a power
    cut. On an OSError the old content is untouched.
    """
    temporary = path + ".new"
    handle = posix.open(
        temporary, posix.O_WRONLY | posix.O_CREAT | posix.O_TRUNC | posix.O_CLOEXEC, 0o600
    )
    try:
        write_all(handle, data)
        if durable:
            posix.fsync(handle)
    finally:
        posix.close(handle)
    posix.replace(temporary, path)
    if durable:
        sync_folder(system.folder_of(path) or ".")


def write_all(handle: int, data: bytes) -> None:
    """Write every byte; a short write (a disk that fills up) ends in the OSError behind it."""
    view = memoryview(data)
    while view:
        view = view[posix.write(handle, view) :]


def read_bytes(path: str, limit: int = 64 * 1024 * 1024) -> bytes:
    """The file's content, at most `limit` bytes."""
    handle = posix.open(path, posix.O_RDONLY | posix.O_CLOEXEC)
    try:
        parts = []
        while limit > 0:
            part = posix.read(handle, min(limit, 1 << 20))
            if not part:
                break
            parts.append(part)
            limit -= len(part)
        return b"".join(parts)
    finally:
        posix.close(handle)


def sync_folder(path: str) -> None:
    """Make names in a folder (created, renamed, removed) survive a power cut."""
    handle = posix.open(path, posix.O_RDONLY | posix.O_DIRECTORY | posix.O_CLOEXEC)
    try:
        posix.fsync(handle)
    finally:
        posix.close(handle)


def kernel_boot_id(path: str = "/proc/sys/kernel/random/boot_id") -> str:
    """What the kernel drew at its start; '' where it does not tell."""
    try:
        return read_bytes(path, 64).decode("ascii", "replace").strip()
    except OSError:
        return ""


def machine_address(folder: str = "/sys/class/net") -> str:
    """The MAC address of the first interface that has one; '' where none is told."""
    try:
        names = sorted(posix.listdir(folder))
    except OSError:
        return ""
    for name in names:
        try:
            told = read_bytes(f"{folder}/{name}/address", 64).decode("ascii", "replace").strip()
        except OSError:
            continue
        if told.strip("0:"):
            return told
    return ""


class KeptFile:
    """A file of /proc or /sys that stays open and is read again from its beginning, which costs
    a third of opening it."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._handle = -1

    def read(self, size: int = 1024) -> bytes:
        """Its beginning; b'' if there is no such file, or it cannot be read."""
        try:
            if self._handle < 0:
                self._handle = posix.open(self._path, posix.O_RDONLY | posix.O_CLOEXEC)
            return posix.pread(self._handle, size, 0)
        except OSError:
            self.close()
            return b""

    def close(self) -> None:
        """Give the handle back."""
        if self._handle >= 0:
            posix.close(self._handle)
            self._handle = -1
