"""Real servers that tests talk to. A missing one skips; SCHOOLOPS_REQUIRE_PEERS=1 fails it."""

from __future__ import annotations

import os
import shutil

import pytest

# Debian keeps servers out of an ordinary user's PATH.
SEARCH = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin", "/usr/local/sbin"])


def missing(what: str) -> None:
    """Skip the test because a peer is missing; fail it where peers are required."""
    if os.environ.get("SCHOOLOPS_REQUIRE_PEERS") == "1":
        pytest.fail(f"{what}, and SCHOOLOPS_REQUIRE_PEERS=1 asks for it", pytrace=False)
    pytest.skip(what)


def require(program: str, package: str = "") -> str:
    """The full path of an installed program, else `missing`.

    `package` is the name of the Debian package when it differs from the program's.
    """
    found = shutil.which(program, path=SEARCH)
    if found is None:
        missing(f"{program} is not installed (Debian package {package or program})")
        raise AssertionError("missing() returned")
    return found
