"""A live sample city: server, simulated equipment, real agents for a few schools, scripted faults.

Opens the terminal UI. Without a terminal, or with --headless, it runs for a while and says what
happened: exit 0 only if measurements arrived and the faults were found.
"""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError, Namespace

from schoolops.cli._words import positive


def configure(parser: ArgumentParser) -> None:
    parser.add_argument("--schools", metavar="N", type=positive, help="schools that get an agent")
    parser.add_argument("--scale", metavar="F", type=scale, default=1.0,
                        help="how much of the city is loaded (1.0: all of it)")  # fmt: skip
    parser.add_argument("--headless", action="store_true", help="without the terminal UI")
    parser.add_argument("--for", metavar="SECONDS", dest="seconds", type=positive,
                        help="how long to run without the terminal UI")  # fmt: skip
    parser.add_argument("--home", metavar="FOLDER", help="keep the demo's files in this new folder")
    parser.add_argument("--keep", action="store_true", help="do not remove the demo's files")
    parser.add_argument("--json", action="store_true",
                        help="the summary as JSON; implies --headless")  # fmt: skip
    parser.add_argument("--seed", metavar="N", type=int, help="another city by chance")


def scale(text: str) -> float:
    """A part of the city, above 0 and at most 10."""
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number <= 10:
        raise ArgumentTypeError(f"{text!r} is no scale; write a number such as 0.1 or 1")
    return number


def run(args: Namespace) -> int:
    from importlib import import_module

    code: int = import_module("sample_site.demo").run(args)
    return code
