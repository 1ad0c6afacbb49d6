"""`schoolops doctor` looks at the certificate of proofs before one is needed."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from schoolops.cli._check_proof import check_proof
from schoolops.core.settings import ProofSettings, Settings
from schoolops.proof.signing import seal_of

YEAR_S = 366 * 86_400


def at(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCHOOLOPS_HOME", str(home))


def make(at_s: float) -> None:
    seal_of(Settings(), at_s)


def test_before_the_first_proof_nothing_is_missing_and_nothing_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at(tmp_path, monkeypatch)
    assert check_proof(Settings()) == ("ok", "is made with the first proof")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("age_s", "state", "word"),
    [(0, "ok", "valid until"), (10 * YEAR_S - 30 * 86_400, "warn", "in time"),
     (11 * YEAR_S, "fail", "has expired")],
)  # fmt: skip
def test_it_says_until_when_proofs_can_be_signed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, age_s: int, state: str, word: str
) -> None:
    at(tmp_path, monkeypatch)
    make(time.time() - age_s)
    found, said = check_proof(Settings())
    assert found == state
    assert word in said


def test_it_finds_a_key_that_is_another_ones_or_open_to_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at(tmp_path / "other", monkeypatch)
    make(time.time())
    at(tmp_path / "home", monkeypatch)
    make(time.time())
    key = tmp_path / "home" / "keys" / "proof.key"
    key.write_bytes((tmp_path / "other" / "keys" / "proof.key").read_bytes())
    assert "is not the key of" in check_proof(Settings())[1]
    key.chmod(0o644)
    assert check_proof(Settings())[0] == "fail"
    key.unlink()
    assert check_proof(Settings())[0] == "fail"


def test_it_finds_a_certificate_of_the_citys_own_that_is_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at(tmp_path, monkeypatch)
    make(time.time())
    mine = ProofSettings(
        certificate=str(tmp_path / "none.pem"),
        certificate_key=str(tmp_path / "keys" / "proof.key"),
    )
    assert "no certificate that can be read" in check_proof(Settings(proof=mine))[1]
