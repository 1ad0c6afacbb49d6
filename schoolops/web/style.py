"""What pages load besides themselves: one stylesheet with the city's colour, the logo, the icon,
and on the page that measures its script.

Each has its hash in its address, so that a browser keeps it for a year and still sees a change.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from schoolops.core import colour, resources
from schoolops.core.errors import Unusable
from schoolops.core.settings import PortalSettings

LOGO_LIMIT = 200_000
_LOGO_TYPES = {".svg": "image/svg+xml", ".png": "image/png", ".webp": "image/webp"}


@dataclass(frozen=True, slots=True)
class File:
    """One file: what its address ends with, its type, its bytes."""

    name: str
    media_type: str
    data: bytes


class Style:
    """The files of the pages, read once."""

    def __init__(self, portal: PortalSettings) -> None:
        accent = portal.accent
        css = resources.read_text("templates/portal/portal.css")
        css += (
            f"\n:root {{ --accent: {accent}; "
            f"--accent-link: {colour.readable_on(colour.DAY, accent)}; "
            f"--accent-night: {colour.readable_on(colour.NIGHT, accent)}; }}\n"
        )
        icon = resources.read_text("templates/portal/icon.svg").replace("#0a5ca8", accent)
        self.sheet = _named("portal", ".css", "text/css", css.encode())
        self.icon = _named("icon", ".svg", "image/svg+xml", icon.encode())
        self.logo = _logo(portal.logo)
        script = resources.read_text("templates/portal/room.js")
        self.room_script = _named("room", ".js", "text/javascript", script.encode())
        files = [file for file in (self.sheet, self.icon, self.logo, self.room_script) if file]
        self.files = {file.name: file for file in files}


def _named(stem: str, suffix: str, media_type: str, data: bytes) -> File:
    return File(f"{stem}-{hashlib.sha256(data).hexdigest()[:12]}{suffix}", media_type, data)


def _logo(path: str) -> File | None:
    if not path:
        return None
    file = Path(path).expanduser()
    media_type = _LOGO_TYPES.get(file.suffix.lower())
    if media_type is None:
        raise Unusable(
            f"portal.logo is {file.name}; give an SVG, PNG or WebP file", code="setup.settings"
        )
    try:
        data = file.read_bytes()
    except OSError as error:
        raise Unusable(
            f"portal.logo cannot be read: {path}: {error.strerror}", code="setup.settings"
        ) from None
    if len(data) > LOGO_LIMIT:
        raise Unusable(
            f"portal.logo has {len(data) // 1000} kB; at most {LOGO_LIMIT // 1000} are sent to "
            "every visitor, make it smaller",
            code="setup.settings",
        )
    return _named("logo", file.suffix.lower(), media_type, data)
