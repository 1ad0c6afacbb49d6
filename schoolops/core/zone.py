"""The zone of all times that people see and set, without reading the other settings."""

from __future__ import annotations

import datetime as dt
import os
from functools import lru_cache
from zoneinfo import ZoneInfo

from schoolops.core import paths

USUAL = "Europe/Berlin"


def local_zone() -> dt.tzinfo:
    """The zone of `SCHOOLOPS_TIMEZONE`, else of `schoolops.toml`, else Europe/Berlin.

    A name that is wrong counts as none: the server refuses it, and `schoolops doctor` tells it.
    Where no zones are installed it is the computer's own.
    """
    return _zone(os.environ.get("SCHOOLOPS_TIMEZONE", ""), str(paths.home()))


@lru_cache(maxsize=4)
def _zone(given: str, home: str) -> dt.tzinfo:
    for name in (given or _from_file(f"{home}/schoolops.toml"), USUAL):
        try:
            return ZoneInfo(name)
        except (LookupError, ValueError, OSError):
            continue
    return dt.datetime.now().astimezone().tzinfo or dt.UTC


def _from_file(file: str) -> str:
    try:
        with open(file, "rb") as opened:
            import tomllib

            return str(tomllib.load(opened).get("timezone", USUAL))
    except (OSError, ValueError):
        return USUAL
