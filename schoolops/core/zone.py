"""The zone of all times that people see and set, without reading the other settings."""

from __future__ import annotations

import os
from functools import lru_cache
from zoneinfo import ZoneInfo

from schoolops.core import paths

USUAL = "Europe/Berlin"


def local_zone() -> ZoneInfo:
    """The zone of `SCHOOLOPS_TIMEZONE`, else of `schoolops.toml`, else Europe/Berlin.

    A name that is wrong counts as none: the server refuses it, and `schoolops doctor` tells it.
    """
    return _zone(os.environ.get("SCHOOLOPS_TIMEZONE", ""), str(paths.home()))


@lru_cache(maxsize=4)
def _zone(given: str, home: str) -> ZoneInfo:
    try:
        return ZoneInfo(given or _from_file(f"{home}/schoolops.toml"))
    except (LookupError, ValueError, OSError):
        return ZoneInfo(USUAL)


def _from_file(file: str) -> str:
    import tomllib

    try:
        with open(file, "rb") as opened:
            return str(tomllib.load(opened).get("timezone", USUAL))
    except FileNotFoundError:
        return USUAL
