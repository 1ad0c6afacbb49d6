"""What every test has: a home of its own, a language, and the real servers on request."""

from __future__ import annotations

import gc
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.peers.keycloak import keycloak
from tests.peers.postgres import Cluster, postgres_cluster, postgres_url
from tests.stores import clock, migrated_postgres, migrated_sqlite, settings_of_store, store

__all__ = [
    "Cluster",
    "clock",
    "keycloak",
    "migrated_postgres",
    "migrated_sqlite",
    "postgres_cluster",
    "postgres_url",
    "settings_of_store",
    "store",
]

# Deadlines measure the machine, not the code; shared cores make them lie.
settings.register_profile(
    "schoolops", deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
settings.load_profile("schoolops")


def pytest_collection_finish() -> None:
    """Leave what the whole run needs (modules, tests) out of each garbage collection to come."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An own `SCHOOLOPS_HOME` (not created) and runtime folder, and no settings from outside."""
    for name in [name for name in os.environ if name.startswith("SCHOOLOPS_")]:
        if name != "SCHOOLOPS_REQUIRE_PEERS":
            monkeypatch.delenv(name)
    folder = tmp_path / "home"
    # Socket paths may have 107 characters; tmp_path alone can be longer.
    runtime = Path(tempfile.mkdtemp(prefix="so-"))
    monkeypatch.setenv("SCHOOLOPS_HOME", str(folder))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(runtime))
    # What tests keep does not go into the keyring of whoever runs them.
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    monkeypatch.setenv("LANGUAGE", "en")
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        # Everything a test talks to is on this computer.
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    yield folder
    shutil.rmtree(runtime, ignore_errors=True)
