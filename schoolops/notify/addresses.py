"""Mail addresses: whether one can be written to, and how it is shown to those who must not know it.

Pure. An address comes from the identity provider: it is no more to be trusted than any input.
"""

from __future__ import annotations

import re

import idna

LONGEST = 254
"""Characters of an address (RFC 5321)."""

_LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_DOMAIN = re.compile(r"([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_ANY_ADDRESS = re.compile(r"[^\s<>\"'(),;:]+@[^\s<>\"'(),;:]+")


def usable(address: str) -> str | None:
    """The address as it goes to a mail server; None when no mail can go there.

    A domain with umlauts becomes its ASCII form. Letters beyond ASCII before the @ are not taken:
    hardly any server of a city takes them.
    """
    local, at, domain = address.strip().rpartition("@")
    if not at or len(local) > 64 or not _LOCAL.fullmatch(local):
        return None
    try:
        ascii_domain = idna.encode(domain, uts46=True).decode().lower()
    except (idna.IDNAError, UnicodeError):
        return None
    found = f"{local}@{ascii_domain}"
    return found if len(found) <= LONGEST and _DOMAIN.fullmatch(ascii_domain) else None


def domain_of(address: str) -> str:
    """The part behind the @."""
    return address.rpartition("@")[2]


def masked(address: str) -> str:
    """'m.weber@city.example' → 'm…@city.example'."""
    local, _, domain = address.rpartition("@")
    return f"{local[:1]}…@{domain}"


def without_addresses(text: str, address: str) -> str:
    """What a mail server said, as one short line without the receiver's name or any address."""
    found = _ANY_ADDRESS.sub("…", text)
    local = address.rpartition("@")[0]
    for part in (address, local):
        if len(part) > 2:
            found = re.sub(re.escape(part), "…", found, flags=re.IGNORECASE)
    line = "".join(c if c.isprintable() else " " for c in found)
    return " ".join(line.split())[:300]
