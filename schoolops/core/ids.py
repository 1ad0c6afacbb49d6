"""Identifiers: UUIDv7 outside (sortable by creation), random tokens with a readable prefix."""

from __future__ import annotations

import hashlib
import secrets
import time


def uuid7() -> str:
    """A UUIDv7 as text (RFC 9562): 48 bit milliseconds, 74 random bits."""
    millis = time.time_ns() // 1_000_000
    value = (millis & (2**48 - 1)) << 80 | 7 << 76 | secrets.randbits(12) << 64
    value |= 2 << 62 | secrets.randbits(62)
    text = f"{value:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def new_token(prefix: str) -> str:
    """A secret of 192 random bits: 'sot_…' for persons, 'soa_…' for agents."""
    return f"{prefix}_{secrets.token_urlsafe(24)}"


def hash_token(token: str) -> str:
    """What is stored of a random token. It has 192 bits, so one SHA-256 is enough."""
    return hashlib.sha256(token.encode()).hexdigest()


_CODE_ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"


def join_code() -> str:
    """A one-time code to read out over the telephone: 60 bits, no O, I, 0, 1."""
    letters = "".join(secrets.choice(_CODE_ALPHABET) for _ in range(12))
    return f"{letters[:4]}-{letters[4:8]}-{letters[8:]}"


def fold_code(code: str) -> str:
    """What a person typed, as it was meant."""
    letters = "".join(c for c in code.upper() if c.isalnum())
    return "-".join(letters[i : i + 4] for i in range(0, len(letters), 4))
