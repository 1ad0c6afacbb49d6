"""The argument parser of a command."""

from __future__ import annotations

from argparse import ArgumentParser, RawDescriptionHelpFormatter
from importlib import import_module
from typing import Any

from schoolops.cli._commands import COMMANDS
from schoolops.cli._guard import UsageError


def parser_of(name: str) -> tuple[ArgumentParser, Any]:
    """The parser of a command and its module; UsageError names the commands that are close."""
    if name not in COMMANDS:
        from difflib import get_close_matches

        close = get_close_matches(name, COMMANDS, 3)
        meant = f"did you mean {' or '.join(close)}?" if close else "see schoolops --help"
        what = "option" if name.startswith("-") else "command"
        raise UsageError(f"there is no {what} {name!r}; {meant}")
    path, summary = COMMANDS[name]
    module = import_module(path)
    parser = ArgumentParser(
        prog=f"schoolops {name}",
        description=module.__doc__ or summary,
        formatter_class=RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    module.configure(parser)
    return parser, module
