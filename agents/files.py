"""Files that must not be half-written, in as few imports as possible."""

from __future__ import annotations

import os


def write_atomic(path: str, data: bytes, *, durable: bool = True) -> None:
    """Replace a file as a whole, readable by its owner alone (0600).

    After return the new content survives a crash of the process; with `durable` also a power
    cut. On an OSError the old content is untouched.
    """
    temporary = path + ".new"
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        write_all(handle, data)
        if durable:
            os.fsync(handle)
    finally:
        os.close(handle)
    os.replace(temporary, path)
    if durable:
        sync_folder(os.path.dirname(path) or ".")


def write_all(handle: int, data: bytes) -> None:
    """Write every byte; a short write (a disk that fills up) ends in the OSError behind it."""
    view = memoryview(data)
    while view:
        view = view[os.write(handle, view) :]


def read_bytes(path: str, limit: int = 64 * 1024 * 1024) -> bytes:
    """The file's content, at most `limit` bytes."""
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        parts = []
        while limit > 0:
            part = os.read(handle, min(limit, 1 << 20))
            if not part:
                break
            parts.append(part)
            limit -= len(part)
        return b"".join(parts)
    finally:
        os.close(handle)


def sync_folder(path: str) -> None:
    """Make names in a folder (created, renamed, removed) survive a power cut."""
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def kernel_boot_id(path: str = "/proc/sys/kernel/random/boot_id") -> str:
    """What the kernel drew at its start; '' where it does not tell."""
    try:
        return read_bytes(path, 64).decode("ascii", "replace").strip()
    except OSError:
        return ""


def machine_address(folder: str = "/sys/class/net") -> str:
    """The MAC address of the first interface that has one; '' where none is told."""
    try:
        names = sorted(os.listdir(folder))
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
                self._handle = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
            return os.pread(self._handle, size, 0)
        except OSError:
            self.close()
            return b""

    def close(self) -> None:
        """Give the handle back."""
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1
