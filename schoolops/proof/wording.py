"""The texts of a printed proof: shipped ones, and the city's own that stand before them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from schoolops.core.settings import Settings
from schoolops.web.languages import Language, Languages
from schoolops.web.templates import LIVE, Templates

LANGUAGES = ("de", "en")
_NAME = re.compile(r"^\[(\w+)\]$")


class Wording:
    """Texts by name, in one language."""

    def __init__(self, settings: Settings, tag: str, values: Mapping[str, Any]) -> None:
        self.language: Language = Languages(settings.home / LIVE / "locale")[tag]
        name = f"report/proof.{tag}.txt"
        filled = {"portal": settings.portal, "city": settings.city, **values}
        shipped = Templates(Path("/nonexistent"))
        self._texts = _sections(shipped.render(name, self.language, filled))
        self._texts |= _sections(Templates(settings.home).render(name, self.language, filled))

    def __getitem__(self, name: str) -> str:
        return self._texts[name]

    def all(self) -> dict[str, str]:
        """Every text."""
        return dict(self._texts)

    def fill(self, name: str, **values: Any) -> str:
        """A text with its {blanks} filled; one of the city that has others stays as it is."""
        try:
            return self[name].format(**values)
        except (LookupError, ValueError):
            return self[name]


def _sections(text: str) -> dict[str, str]:
    """'[name]' on a line of its own, then its text up to the next one."""
    found: dict[str, list[str]] = {}
    lines: list[str] = []
    for line in text.splitlines():
        if named := _NAME.match(line.strip()):
            lines = found.setdefault(named[1], [])
        else:
            lines.append(line)
    return {name: "\n".join(lines).strip() for name, lines in found.items()}
