"""Releases of the agent that are offered to agents: signed files under `SCHOOLOPS_HOME/releases`.

A release is signed with an Ed25519 key, `keys/release.key` (0600), by whoever may read that file;
no request can do it, so that a stolen token upgrades nobody to something of the thief's. The key
may lie on another computer: what the server needs is `keys/release.pub`, which agents get when
they join.

    releases/SHA256.pyz    the archive
    releases/SHA256.json   {"version", "sha256", "size", "signature", "at"}
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import zipfile
from contextlib import suppress
from pathlib import Path
from typing import TypedDict

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from agents.protocol import MAX_RELEASE_BYTES, release_statement, version_parts
from inventory.sentences import say
from schoolops.core.errors import Invalid, NotFound, Unusable
from schoolops.core.secretfiles import read_secret, write_secret

CODE = "setup.release_key"
_VERSION = re.compile(r'^__version__ = "([0-9.]+)"', re.MULTILINE)


class Release(TypedDict):
    """A release on offer; `at` in microseconds."""

    version: str
    sha256: str
    size: int
    signature: str
    at: int


def public_key(home: Path) -> str:
    """The key that agents check releases with, in hex; made with its other half when there is none.
    `Unusable` when a file is no key or cannot be read."""
    file = home / "keys" / "release.pub"
    if not file.exists():
        return _private(home / "keys" / "release.key").public_key().public_bytes_raw().hex()
    try:
        return _public(file.read_text("ascii").strip()).public_bytes_raw().hex()
    except (OSError, ValueError):
        raise Unusable(f"{file} is no public key; put back the right file", code=CODE) from None


def offer(home: Path, data: bytes, key_file: Path | None, at: int) -> Release:
    """Sign an archive of the agent and offer it. Raises `Invalid` for what is none, and `Unusable`
    for a key that is not the one that agents know."""
    version = version_of(data)
    key = _private(key_file or home / "keys" / "release.key", make=key_file is None)
    sha256 = hashlib.sha256(data).hexdigest()
    signature = key.sign(release_statement(version, sha256, len(data)))
    release = Release(
        version=version, sha256=sha256, size=len(data), signature=signature.hex(), at=at
    )
    if not is_signed(release, public_key(home)):
        raise Unusable("this key is not the one of keys/release.pub, which agents know", code=CODE)
    folder = home / "releases"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    _put(folder / f"{sha256}.pyz", data)
    _put(folder / f"{sha256}.json", json.dumps(release).encode())  # now it is on offer
    return release


def version_of(data: bytes) -> str:
    """The version that an archive of the agent says it is."""
    if len(data) > MAX_RELEASE_BYTES:
        raise Invalid(say("a release has at most {size} bytes", size=MAX_RELEASE_BYTES))
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            found = _VERSION.search(archive.read("agents/__init__.py").decode())
            if archive.testzip() is None and found and version_parts(found[1]):
                return found[1]
    except (zipfile.BadZipFile, KeyError, ValueError, OSError, RuntimeError):
        pass
    raise Invalid(say("this is no archive of the agent, as `make agent` makes it"))


def offered(home: Path) -> list[Release]:
    """All releases on offer, the newest version first; of one version the one offered last."""
    found: list[Release] = []
    for file in (home / "releases").glob("*.json"):
        with suppress(OSError, ValueError, KeyError):
            release: Release = json.loads(file.read_bytes())
            if version_parts(release["version"]) and file.stem == release["sha256"]:
                found.append(release)
    return sorted(found, key=lambda one: (version_parts(one["version"]), one["at"]), reverse=True)


def find(home: Path, version: str = "") -> Release:
    """The newest release, or the one of a version. Raises NotFound."""
    for release in offered(home):
        if version in ("", release["version"]):
            return release
    raise NotFound(
        say(
            "no such release of the agent is on offer; offer one with: schoolops agent release FILE"
        )
    )


def read(home: Path, sha256: str) -> bytes:
    """The bytes of a release. Raises NotFound."""
    if re.fullmatch("[0-9a-f]{64}", sha256):
        with suppress(OSError):
            return (home / "releases" / f"{sha256}.pyz").read_bytes()
    raise NotFound("there is no such release")


def is_signed(release: Release, key: str) -> bool:
    """Whether the owner of a public key has signed it."""
    statement = release_statement(release["version"], release["sha256"], release["size"])
    try:
        _public(key).verify(bytes.fromhex(release["signature"]), statement)
    except (InvalidSignature, ValueError):
        return False
    return True


def _public(key: str) -> Ed25519PublicKey:
    return Ed25519PublicKey.from_public_bytes(bytes.fromhex(key))


def _private(file: Path, *, make: bool = True) -> Ed25519PrivateKey:
    if make and not file.exists():
        _make(file)
    secret = read_secret(file, "name the right file with --key", CODE)
    try:
        return Ed25519PrivateKey.from_private_bytes(bytes.fromhex(secret))
    except ValueError:
        raise Unusable(f"{file} is no key of 32 bytes in hex", code=CODE) from None


def _make(file: Path) -> None:
    """Make a key; of two processes that do so at once one wins."""
    draft = file.with_name(f"{file.name}.new.{os.getpid()}")
    write_secret(draft, Ed25519PrivateKey.generate().private_bytes_raw().hex())
    try:
        with suppress(FileExistsError):
            os.link(draft, file)
    finally:
        draft.unlink()


def _put(file: Path, data: bytes) -> None:
    draft = file.with_name(f"{file.name}.new")
    with draft.open("wb") as target:
        target.write(data)
        target.flush()
        os.fsync(target.fileno())
    draft.replace(file)
