"""The pages' templates: shipped ones, and the city's own that stand before them.

A file under `templates/` of the home folder wins over the shipped one of the same name
(`portal/legal/privacy.de.html`). One that is broken never reaches a visitor: the shipped one is
shown in its place, and `problems` says what is wrong. Under `templates-draft/` the same files can
be looked at before they count (`schoolops portal preview`).
"""

from __future__ import annotations

import logging
import threading
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import (
    BaseLoader,
    ChoiceLoader,
    Environment,
    FileSystemBytecodeCache,
    FileSystemLoader,
    StrictUndefined,
    TemplateError,
    TemplateNotFound,
)
from jinja2.sandbox import ImmutableSandboxedEnvironment

from schoolops.core import resources
from schoolops.web.languages import Language

log = logging.getLogger("schoolops.web")

LIVE, DRAFT, BEFORE = "templates", "templates-draft", "templates-before"
"""Folders of the home: in use, to be looked at, and what was in use before."""
OPEN = ("locale/", "portal/legal/", "tickets/answers/")
"""Where the city adds files that have no shipped one behind them."""


class Templates:
    """Renders templates in a language. Thread safe."""

    def __init__(self, home: Path, *, drafts: bool = False) -> None:
        self.home = home
        self.shipped = resources.folder("templates")
        self.own = [home / DRAFT, home / LIVE] if drafts else [home / LIVE]
        self.problems: dict[str, str] = {}
        """Template → what is wrong with the city's version of it, for administrators."""
        self._made: dict[tuple[str, bool], Environment] = {}
        self._lock = threading.Lock()

    def render(self, name: str, language: Language, values: Mapping[str, Any]) -> str:
        """The filled-in template. A broken own one falls back to what was shipped."""
        if not any(folder.is_dir() for folder in self.own):
            return self._environment(language, own=False).get_template(name).render(values)
        try:
            text = self._environment(language, own=True).get_template(name).render(values)
        except Exception as error:  # whatever a city's template does, the visitor gets a page
            self._note(name, error)
            return self._environment(language, own=False).get_template(name).render(values)
        self.problems.pop(name, None)
        return text

    def exists(self, name: str) -> bool:
        """Whether a template of that name is there, the city's own included."""
        return any((folder / name).is_file() for folder in (*self.own, self.shipped))

    def own_files(self) -> list[str]:
        """The names of the city's own templates."""
        found = {
            path.relative_to(folder).as_posix()
            for folder in self.own
            if folder.is_dir()
            for path in folder.rglob("*")
            if path.is_file()
        }
        return sorted(found)

    def unreadable(self, name: str) -> str:
        """Why the city's own template cannot be read; '' when it can."""
        for folder in self.own:
            if (folder / name).is_file():
                try:
                    Environment(extensions=["jinja2.ext.i18n"]).parse(  # noqa: S701 (only read)
                        (folder / name).read_text("utf-8"), name
                    )
                except (TemplateError, ValueError, OSError) as error:
                    line = getattr(error, "lineno", None)
                    return f"{name}, line {line}: {error}" if line else f"{name}: {error}"
                return ""
        return ""

    def is_known(self, name: str) -> bool:
        """Whether a shipped file of that name stands behind it, or it is a catalogue."""
        return (self.shipped / name).is_file() or name.startswith(OPEN)

    def _note(self, name: str, error: Exception) -> None:
        if isinstance(error, TemplateNotFound) and not self.exists(str(error.name)):
            said = f"there is no template {error.name}"
        else:
            said = str(error) or type(error).__name__
        at, line = _place_of(error)
        where = getattr(error, "name", None) or at or name
        said = f"{where}, line {line}: {said}" if line else f"{where}: {said}"
        if self.problems.get(name) != said:
            # What Jinja says names the template's own words; other errors may quote a value, and
            # in a mail that can be about a person.
            told = said if isinstance(error, TemplateError) else f"{where}: {type(error).__name__}"
            log.warning("the city's own template of %s is broken: %s", name, told)
        self.problems[name] = said

    def _environment(self, language: Language, *, own: bool) -> Environment:
        key = (language.tag, own)
        with self._lock:
            if key not in self._made:
                self._made[key] = self._make(language, own)
            return self._made[key]

    def _make(self, language: Language, own: bool) -> Environment:
        shipped: BaseLoader = FileSystemLoader(self.shipped)
        options: dict[str, Any] = {
            "autoescape": lambda name: name is None or not name.endswith(".txt"),
            "undefined": StrictUndefined,
            "trim_blocks": True,
            "lstrip_blocks": True,
            "extensions": ["jinja2.ext.i18n"],
        }
        environment: Environment
        if own:
            folders = [FileSystemLoader(folder) for folder in self.own]
            environment = ImmutableSandboxedEnvironment(
                loader=ChoiceLoader([*folders, shipped]), **options
            )
        else:
            environment = Environment(  # noqa: S701 (autoescape is among the options)
                loader=shipped,
                auto_reload=False,
                bytecode_cache=_cache(self.home),
                **options,
            )
        environment.install_gettext_callables(  # type: ignore[attr-defined]
            language.gettext, language.ngettext, newstyle=True
        )
        return environment


def _place_of(error: Exception) -> tuple[str, int | None]:
    """(template, line) where it happened; ('', None) when that is not known."""
    line = getattr(error, "lineno", None)
    if line:
        return "", line
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        path = Path(frame.filename)
        if path.suffix in (".html", ".txt"):
            parts = [n for n, part in enumerate(path.parts) if part in (LIVE, DRAFT)]
            return "/".join(path.parts[parts[-1] + 1 :]) if parts else "", frame.lineno
    return "", None


def _cache(home: Path) -> FileSystemBytecodeCache | None:
    folder = home / "cache" / "templates"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError:
        return None  # slower by some milliseconds after a start
    return FileSystemBytecodeCache(str(folder))
