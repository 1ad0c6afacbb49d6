"""The token by which an answer finds its ticket: '[#4711.token]' in a subject, and
'helpdesk+4711.token@…' as an address. Pure but for the key.

It says that whoever writes was written to, not who writes: that is looked at apart.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re

LETTERS = 12
"""Of a token: 60 bits, in small letters and digits, which survive every gateway."""

_IN_SUBJECT = re.compile(r"\[#(\d{1,18})\.([a-z2-7]{12})\]", re.IGNORECASE)
_IN_ADDRESS = re.compile(r"\+(\d{1,18})\.([a-z2-7]{12})@", re.IGNORECASE)


def token(key: bytes, uid: str) -> str:
    """Of the ticket with this id (not its number, which another database gives again)."""
    made = hmac.new(key, b"ticket mail " + uid.encode(), hashlib.sha256).digest()
    return base64.b32encode(made).decode()[:LETTERS].lower()


def in_subject(number: int, made: str) -> str:
    """What a subject carries."""
    return f"[#{number}.{made}]"


def in_address(address: str, number: int, made: str) -> str:
    """An address at which answers to a ticket arrive."""
    local, _, domain = address.rpartition("@")
    return f"{local}+{number}.{made}@{domain}"


def without(address: str) -> str:
    """'helpdesk+4711.token@…' → 'helpdesk@…'."""
    local, _, domain = address.lower().rpartition("@")
    return f"{local.partition('+')[0]}@{domain}"


def found(subject: str, addresses: tuple[str, ...]) -> list[tuple[int, str]]:
    """(number, token) of each that stands there, true or not; subjects first."""
    pairs = _IN_SUBJECT.findall(subject)
    for address in addresses:
        pairs += _IN_ADDRESS.findall(address)
    return [(int(number), made.lower()) for number, made in dict.fromkeys(pairs)][:20]


def is_true(key: bytes, uid: str, made: str) -> bool:
    """Whether the token is that of the ticket."""
    return hmac.compare_digest(token(key, uid).encode(), made.encode("utf-8", "replace"))
