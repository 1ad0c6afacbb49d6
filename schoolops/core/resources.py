"""Data folders that ship with schoolops, in a checkout and in an installed wheel alike."""

from __future__ import annotations

from pathlib import Path

from schoolops.core.errors import Unusable

_PACKAGE = Path(__file__).resolve().parent.parent


def folder(name: str) -> Path:
    """The data folder `name`, such as `templates`, `templates/mail` or `sample_site/data`.

    A folder at the top of the checkout lies under `schoolops/_data` in a wheel (see
    `tool.hatch.build.targets.wheel.sources`); one inside a package stays where it is.
    Raises `Unusable` when the installation lacks it.
    """
    for base in (_PACKAGE / "_data", _PACKAGE.parent):
        found = base / name
        if found.is_dir():
            return found
    raise Unusable(
        f"the data folder {name} is missing from this installation; install schoolops again",
        code="setup.resources",
    )


def read_text(name: str) -> str:
    """The text of one data file, such as `templates/README.md`. Raises `Unusable`."""
    parent, _, file = name.rpartition("/")
    path = folder(parent) / file
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise Unusable(
            f"the data file {name} is missing from this installation; install schoolops again",
            code="setup.resources",
        ) from None
