"""The PostgreSQL of the tests is a real one, and each test has a database of its own."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from tests.peers import require
from tests.peers.postgres import Cluster


def _connect(url: str) -> psycopg.Connection:
    return psycopg.connect(url.replace("+psycopg", ""))


def test_a_fresh_database_is_empty_and_durable_writes_are_seen_by_others(postgres_url: str) -> None:
    with _connect(postgres_url) as connection:
        connection.execute("CREATE TABLE once (a int)")
    with _connect(postgres_url) as other:
        assert other.execute("SELECT count(*) FROM once").fetchone() == (0,)


def test_two_databases_do_not_see_each_other(postgres_cluster: Cluster, postgres_url: str) -> None:
    with _connect(postgres_url) as connection:
        connection.execute("CREATE TABLE once (a int)")
    with (
        postgres_cluster.database() as name,
        _connect(postgres_cluster.url(name)) as other,
        pytest.raises(psycopg.errors.UndefinedTable),
    ):
        other.execute("SELECT * FROM once")


def test_a_stranger_without_the_password_is_refused(postgres_cluster: Cluster) -> None:
    wrong = postgres_cluster.url("postgres", "postgresql").replace(postgres_cluster.password, "x")
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(wrong)


def test_a_missing_program_skips_with_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SCHOOLOPS_REQUIRE_PEERS", raising=False)
    with pytest.raises(pytest.skip.Exception, match="Debian package some-package"):
        require("no-such-program", "some-package")


def test_a_missing_program_fails_where_peers_are_required(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCHOOLOPS_REQUIRE_PEERS", "1")
    with pytest.raises(pytest.fail.Exception, match="no-such-program is not installed"):
        require("no-such-program")


def test_an_installed_program_is_found_outside_of_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tool").write_text("#!/bin/sh\n")
    (tmp_path / "tool").chmod(0o755)
    monkeypatch.setattr("tests.peers.SEARCH", str(tmp_path))
    assert require("tool") == str(tmp_path / "tool")
