"""The file of a backup: a tar of the manifest, the manifest's checksum and the database.

The manifest has the checksum of the database's file, so that no byte that is used can change
unnoticed.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import tarfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Protocol

import schoolops
from schoolops.core.errors import NotFound, Unusable

FORMAT = 2
"""The newest; backups that hold measurements too are of format 1, as they always were."""
MANIFEST = "manifest.json"
CHECKSUM = "manifest.sha256"
_CHUNK = 1 << 20
_TYPES: dict[str, type] = {
    "format": int, "schoolops": str, "created": str, "dialect": str, "revision": str,
    "file": str, "sha256": str, "fingerprint": dict,
}  # fmt: skip


class BadBackup(Unusable):
    """A backup that cannot be used, and why."""

    code = "backup.unusable"


class _Sink(Protocol):
    def write(self, data: bytes, /) -> object: ...


def pack(packed: Path, manifest: dict[str, Any], database: Path) -> None:
    """Write the file, readable by its owner alone, and have it on disk."""
    listing = json.dumps(manifest, indent=1).encode()
    handle = os.open(packed, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        with tarfile.open(fileobj=file, mode="w") as tar:
            _add(tar, MANIFEST, listing)
            _add(tar, CHECKSUM, hashlib.sha256(listing).hexdigest().encode())
            tar.add(database, manifest["file"])
        file.flush()
        os.fsync(file.fileno())


def _add(tar: tarfile.TarFile, name: str, data: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size, member.mode = len(data), 0o600
    tar.addfile(member, io.BytesIO(data))


def check(file: Path, known: Sequence[str]) -> dict[str, Any]:
    """Read the manifest and prove the content's hash. `BadBackup` says what is wrong.

    `known`: the database revisions this version can read or upgrade.
    """
    with _opened(file) as tar:
        manifest = _manifest(file, tar, known)
        _copy(file, tar, manifest, None)
    return manifest


def unpack(file: Path, work: Path, known: Sequence[str]) -> tuple[dict[str, Any], Path]:
    """As `check`, and put the database's file into the folder `work`."""
    with _opened(file) as tar:
        manifest = _manifest(file, tar, known)
        database = work / "database"
        with database.open("wb") as out:
            _copy(file, tar, manifest, out)
    return manifest, database


@contextmanager
def _opened(file: Path) -> Iterator[tarfile.TarFile]:
    if not file.is_file():
        raise NotFound(
            f"there is no backup {file}; list them with: schoolops backup list",
            code="backup.unknown",
        )
    try:
        with tarfile.open(file, "r:") as tar:
            yield tar
    except PermissionError as error:
        raise BadBackup(f"{file} cannot be read: {error.strerror}") from None
    except (tarfile.TarError, KeyError, ValueError, EOFError) as error:
        raise BadBackup(
            f"{file} is no backup of schoolops, or is damaged ({error}); take another one"
        ) from None


def _member(tar: tarfile.TarFile, name: str) -> IO[bytes]:
    member = tar.extractfile(name)
    if member is None:
        raise KeyError(name)
    return member


def _manifest(file: Path, tar: tarfile.TarFile, known: Sequence[str]) -> dict[str, Any]:
    listing = _member(tar, MANIFEST).read(10_000_000)
    manifest = json.loads(listing)
    if not isinstance(manifest, dict) or not isinstance(manifest.get("format"), int):
        raise ValueError("its manifest is none")
    if manifest["format"] > FORMAT:
        raise _newer(file, manifest)
    if _member(tar, CHECKSUM).read(64).decode("ascii") != hashlib.sha256(listing).hexdigest():
        raise ValueError("its manifest has another checksum")
    for name, wanted in _TYPES.items():
        if not isinstance(manifest.get(name), wanted):
            raise ValueError(f"its manifest says no {name}")
    if not isinstance(manifest.setdefault("without", []), list):
        raise ValueError("its manifest says wrongly what it is without")
    if manifest["revision"] not in known:
        raise _newer(file, manifest)
    return manifest


def _newer(file: Path, manifest: dict[str, Any]) -> BadBackup:
    return BadBackup(
        f"{file} was made by schoolops {manifest.get('schoolops')}, which is newer than this "
        f"{schoolops.__version__}; install that version first",
        code="backup.newer",
    )


def _copy(file: Path, tar: tarfile.TarFile, manifest: dict[str, Any], out: _Sink | None) -> None:
    digest = hashlib.sha256()
    data = _member(tar, manifest["file"])
    while part := data.read(_CHUNK):
        digest.update(part)
        if out is not None:
            out.write(part)
    if digest.hexdigest() != manifest["sha256"]:
        raise BadBackup(f"{file} is damaged: its content has another checksum; take another one")


def sha256(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sync_folder(folder: Path) -> None:
    """Have the folder's names on disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
