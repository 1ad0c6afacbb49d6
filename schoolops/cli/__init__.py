"""The command line: `schoolops COMMAND …`.

Arguments are read before anything heavy is imported, so that `--help`, `--version` and a typing
error answer at once. Exit codes: 0 done, 1 refused with a reason, 2 wrong use.
"""

from __future__ import annotations

import sys

from schoolops.cli._commands import COMMANDS

__all__ = ["COMMANDS", "main"]


def main(argv: list[str] | None = None) -> int:
    """Run one command line; gives the exit code. Prints no traceback, whatever happens."""
    words = sys.argv[1:] if argv is None else argv
    first = words[0] if words else "--help"
    if first in ("--version", "-V"):
        from schoolops import __version__

        return _say(f"schoolops {__version__}")
    if first == "help" and len(words) > 1:
        words = [words[1], "--help"]
        first = words[0]
    if first in ("--help", "-h", "help"):
        from schoolops.cli._commands import overview

        return _say(overview())
    from schoolops.cli._guard import guarded

    return guarded(first, lambda: _run(first, words[1:]))


def _say(text: str) -> int:
    from contextlib import suppress

    with suppress(BrokenPipeError):
        print(text, flush=True)
    return 0


def _run(name: str, words: list[str]) -> int:
    from schoolops.cli._parsers import parser_of

    parser, module = parser_of(name)
    # Filters and options may stand in any order, where there are no sub-commands.
    mixed = getattr(module, "INTERMIXED", True)
    args = parser.parse_intermixed_args(words) if mixed else parser.parse_args(words)
    code: int = module.run(args)
    return code
