"""How errors leave the command line: one line on stderr and an exit code, never a traceback."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

DONE, REFUSED, WRONG_USE = 0, 1, 2


class UsageError(Exception):
    """The command was called wrongly: exit 2."""


class Refused(Exception):
    """It cannot be done, for a reason that `str()` gives: exit 1."""


def say(sentence: str) -> None:
    """A message for people, on stderr: one line, without what would steer the terminal."""
    words = "".join(c if c.isprintable() else " " for c in with_local_times(sentence)).split()
    print(f"schoolops: {' '.join(words)}", file=sys.stderr)


def with_local_times(sentence: str) -> str:
    """The server's sentences hold times as the API writes them, in UTC; people get local ones."""
    if "Z" not in sentence:
        return sentence
    import re

    from schoolops.cli._table import local_time

    return re.sub(
        r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z",
        lambda found: local_time(found[0]),
        sentence,
    )


def guarded(command: str, run: Callable[[], int]) -> int:
    """Run a command and turn whatever happens into an exit code."""
    try:
        code = run()
        sys.stdout.flush()
        return code
    except SystemExit as stop:  # argparse has spoken
        return stop.code if isinstance(stop.code, int) else REFUSED
    except BrokenPipeError:
        # Whoever reads has seen enough; Python would complain again when it flushes at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except KeyboardInterrupt:
        say("interrupted")
        return 130
    except Exception as error:
        return _explain(command, error)


def _explain(command: str, error: Exception) -> int:
    from schoolops.core.errors import SchoolopsError

    if isinstance(error, UsageError):
        say(str(error))
        return WRONG_USE
    if isinstance(error, Refused):
        say(str(error))
        return REFUSED
    if isinstance(error, SchoolopsError):
        say(sentence_of(error.detail, error.extra))
        return WRONG_USE if error.code == "filter.invalid" else REFUSED
    if isinstance(error, OSError) and error.filename and error.strerror:
        say(f"{error.filename}: {error.strerror}")
        return REFUSED
    say(_note(command, error))
    return REFUSED


def sentence_of(detail: str, extra: dict[str, object]) -> str:
    """The detail of a refusal with the sentences about single fields that it does not hold."""
    errors = extra.get("errors")
    if isinstance(errors, dict):
        more = [str(text) for text in errors.values() if str(text) not in detail]
        return "; ".join([detail, *more])
    return detail


def _note(command: str, error: Exception) -> str:
    """Write what nobody expected to a log, without the arguments, which may name persons."""
    import secrets
    import time
    import traceback

    from schoolops.core import paths

    number = secrets.token_hex(4)
    what = f"something went wrong that should not ({type(error).__name__}, error {number})"
    try:
        folder = paths.ensure_home(paths.home()) / "logs"
        folder.mkdir(mode=0o700, exist_ok=True)
        file = folder / "cli-errors.log"
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as log:
            log.write(f"{time.strftime('%Y-%m-%dT%H:%M:%S%z')} error {number} in {command}\n")
            log.write("".join(traceback.format_exception(error)) + "\n")
    except OSError as unwritten:
        return f"{what}; its details could not be written: {unwritten}"
    return f"{what}; please report it with what {file} says under this number"
