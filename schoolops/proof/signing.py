"""The certificate that proofs are signed with: the city's own, or one made here."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from schoolops.core.errors import Unusable
from schoolops.core.secretfiles import read_secret, write_secret
from schoolops.core.settings import Settings

YEARS = 10
CODE = "setup.proof"


class Seal(NamedTuple):
    """Paths of the certificate with its chain, and of its key."""

    certificate: Path
    key: Path


def seal_of(settings: Settings, now_s: float) -> Seal:
    """What proofs are signed with; makes a certificate the first time when none is set.

    `Unusable` when a file is missing, or others can read the key.
    """
    own = settings.proof
    if own.certificate:
        seal = Seal(Path(own.certificate), Path(own.certificate_key))
    else:
        folder = settings.home / "keys"
        seal = Seal(folder / "proof.pem", folder / "proof.key")
        if not seal.certificate.exists() and not seal.key.exists():
            _make(seal, settings.city, now_s)
    read_secret(seal.key, "set proof.certificate_key to the key's file", CODE)
    if not seal.certificate.is_file():
        raise Unusable(f"{seal.certificate} is missing; set proof.certificate to it", code=CODE)
    return seal


def _make(seal: Seal, city: str, now_s: float) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([
        x509.NameAttribute(NameOID.ORGANIZATION_NAME, city[:64]),
        x509.NameAttribute(NameOID.COMMON_NAME, f"{city[:50]} schoolops"),
    ])  # fmt: skip
    begin = dt.datetime.fromtimestamp(now_s, dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin - dt.timedelta(days=1))
        .not_valid_after(begin + dt.timedelta(days=366 * YEARS))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(
            x509.KeyUsage(
                digital_signature=True, content_commitment=True, key_encipherment=False,
                data_encipherment=False, key_agreement=False, key_cert_sign=False, crl_sign=False,
                encipher_only=False, decipher_only=False,
            ),
            critical=True,
        )
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    # The key first: a certificate without it would never be made anew.
    write_secret(seal.key, private.decode().strip())
    write_secret(seal.certificate, made.public_bytes(serialization.Encoding.PEM).decode().strip())
