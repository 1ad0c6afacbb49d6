"""The argument parser of a command."""

from __future__ import annotations

from argparse import ArgumentParser, RawDescriptionHelpFormatter
from importlib import import_module
from typing import Any, NoReturn

from schoolops.cli._commands import COMMANDS
from schoolops.cli._guard import UsageError


class Parser(ArgumentParser):
    """argparse, with errors as one line like all others."""

    def error(self, message: str) -> NoReturn:
        # The intermixed way of argparse counts what may be missing among what is.
        message = message.replace(", FILTER", "").replace(", FIELD=VALUE", " and FIELD=VALUE")
        raise UsageError(f"{message}; see {self.prog} --help")


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
    parser = Parser(
        prog=f"schoolops {name}",
        description=module.__doc__ or summary,
        formatter_class=RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    module.configure(parser)
    return parser, module
