"""What a person set for their terminal: `tui.toml` in `SCHOOLOPS_HOME`.

    language = "de"
    theme = "nord"

    [keymap]                      # action id = key, see docs/keys.md
    "record.edit" = "E"

    [columns]                     # list = columns, in order
    devices = ["health", "name", "serial"]

The screen itself writes language, theme and columns; a file that cannot be read is reported
and left alone.
"""

from __future__ import annotations

import json
import os
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tui.i18n import _

FILE = "tui.toml"


@dataclass
class TuiSettings:
    """The file's content. `problem` says in one sentence why it could not be read."""

    path: Path | None = None
    language: str = ""
    theme: str = ""
    keymap: dict[str, str] = field(default_factory=dict)
    columns: dict[str, tuple[str, ...]] = field(default_factory=dict)
    problem: str = ""

    def save(self) -> str:
        """Write the file whole (0600); the answer is a sentence if that failed, else empty."""
        if self.path is None or self.problem:
            return self.problem
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            fresh = self.path.with_suffix(".toml.new")
            with open(fresh, "w", encoding="utf-8", opener=_private) as file:
                file.write(self.text())
            fresh.replace(self.path)
        except OSError as error:
            return f"{self.path}: {error.strerror}"
        return ""

    def text(self) -> str:
        """The TOML text; JSON strings and arrays are TOML too."""
        lines = []
        if self.language:
            lines.append(f"language = {json.dumps(self.language)}")
        if self.theme:
            lines.append(f"theme = {json.dumps(self.theme)}")
        if self.keymap:
            lines += ["", "[keymap]"]
            lines += [f"{json.dumps(k)} = {json.dumps(v)}" for k, v in sorted(self.keymap.items())]
        if self.columns:
            lines += ["", "[columns]"]
            lines += [
                f"{json.dumps(k)} = {json.dumps(list(v))}" for k, v in sorted(self.columns.items())
            ]
        return "\n".join(lines) + "\n"


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def load(home: Path | None) -> TuiSettings:
    """Read the settings of that home; missing is empty, unreadable sets `problem`."""
    if home is None:
        return TuiSettings()
    path = home / FILE
    try:
        data = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return TuiSettings(path)
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        return TuiSettings(path, problem=f"{path}: {error}")
    try:
        return TuiSettings(
            path,
            _word(data, "language"),
            _word(data, "theme"),
            {str(k): _text(k, v) for k, v in _table(data, "keymap").items()},
            {str(k): _names(k, v) for k, v in _table(data, "columns").items()},
        )
    except ValueError as error:
        return TuiSettings(path, problem=f"{path}: {error}")


def _word(data: dict[str, Any], name: str) -> str:
    return _text(name, data.get(name, ""))


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str):
        text = _("{name} wants text in quotes, not {value}")
        raise ValueError(text.format(name=name, value=repr(value)))
    return value


def _names(name: str, value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise ValueError(_("{name} wants a list of column names in quotes").format(name=name))
    return tuple(value)


def _table(data: dict[str, Any], name: str) -> dict[str, Any]:
    value = data.get(name, {})
    if not isinstance(value, dict):
        raise ValueError(_('[{name}] wants lines such as id = "value"').format(name=name))
    return value
