"""Encryption of equipment credentials: AES-256-GCM under a key file outside the database.

The key lies in `SCHOOLOPS_HOME/keys/secrets.key` (0600) and is no part of a backup, so that a
stolen backup is useless. What the value belongs to is authenticated with it: a ciphertext
copied to another record does not open.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from pathlib import Path

from schoolops.core.errors import Unusable


class SecretBox:
    """Seals and opens short secrets."""

    def __init__(self, key_file: Path) -> None:
        self._file = key_file
        self._key: bytes | None = None

    def _load(self) -> bytes:
        if self._key is None:
            if not self._file.exists():
                self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                try:
                    handle = os.open(self._file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
                except FileExistsError:
                    return self._load()
                with os.fdopen(handle, "wb") as file:
                    file.write(os.urandom(32))
                    file.flush()
                    os.fsync(file.fileno())
            key = self._file.read_bytes()
            if len(key) != 32:
                raise Unusable(
                    f"{self._file} is no key of 32 bytes; put back the right file", code="setup.key"
                )
            self._key = key
        return self._key

    def seal(self, secret: str, belongs_to: str) -> bytes:
        """Encrypt; `belongs_to` (such as 'credential:<uuid>') must be given again to open."""
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        nonce = os.urandom(12)
        return nonce + AESGCM(self._load()).encrypt(nonce, secret.encode(), belongs_to.encode())

    def derive(self, purpose: str) -> bytes:
        """A key of 32 bytes for one purpose, the same wherever the key file is the same."""
        return hmac.new(self._load(), b"derive " + purpose.encode(), hashlib.sha256).digest()

    def open(self, sealed: bytes, belongs_to: str) -> str:
        """Decrypt. Raises `Unusable` with code setup.key when the key is another one."""
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        try:
            plain = AESGCM(self._load()).decrypt(sealed[:12], sealed[12:], belongs_to.encode())
        except InvalidTag:
            raise Unusable(
                f"a stored credential does not open with {self._file}; "
                "put back the key file of this database or set the credential anew",
                code="setup.key",
            ) from None
        return plain.decode()
