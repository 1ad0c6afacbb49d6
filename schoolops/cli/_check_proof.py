"""The check 'proof certificate' of `schoolops doctor`: can proofs be signed, and for how long."""

from __future__ import annotations

import datetime as dt
import time
from pathlib import Path
from typing import TYPE_CHECKING

from schoolops.core.errors import Unusable
from schoolops.core.secretfiles import read_secret

if TYPE_CHECKING:
    from schoolops.core.settings import Settings

SOON = dt.timedelta(days=60)


def check_proof(settings: Settings) -> tuple[str, str]:
    """Reads certificate and key; makes none."""
    own = settings.proof
    file = Path(own.certificate) if own.certificate else settings.home / "keys" / "proof.pem"
    key_file = Path(own.certificate_key) if own.certificate else file.with_suffix(".key")
    if not own.certificate and not file.exists() and not key_file.exists():
        return "ok", "is made with the first proof"
    try:
        private = read_secret(key_file, "set proof.certificate_key to the key's file", "")
    except Unusable as error:
        return "fail", error.detail
    return _look(file, private, key_file)


def _look(file: Path, private: str, key_file: Path) -> tuple[str, str]:
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        certificate = x509.load_pem_x509_certificates(file.read_bytes())[0]
    except (OSError, ValueError, IndexError):
        return "fail", f"{file} is no certificate that can be read; set proof.certificate"
    try:
        key = load_pem_private_key(private.encode(), None)
    except (ValueError, TypeError):
        return "fail", f"{key_file} is no key in PEM without a password"
    if key.public_key() != certificate.public_key():
        return "fail", f"{key_file} is not the key of {file}; proofs cannot be signed"
    left = certificate.not_valid_after_utc - dt.datetime.fromtimestamp(time.time(), dt.UTC)
    until = f"valid until {certificate.not_valid_after_utc:%Y-%m-%d}"
    if left < dt.timedelta(0):
        return "fail", f"{file} has expired; proofs need a new one (proof.certificate)"
    if left < SOON:
        return "warn", f"{until}; get a new one for proof.certificate in time"
    return "ok", until
