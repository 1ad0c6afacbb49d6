"""docs/cli.md: every command has an example, and every example parses."""

from __future__ import annotations

import argparse
import re
import shlex
from pathlib import Path

import pytest

from schoolops.cli import COMMANDS
from schoolops.cli._parsers import parser_of

PAGE = (Path(__file__).parents[2] / "docs" / "cli.md").read_text("utf-8")
EXAMPLES = [
    line
    for block in re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
    for line in block.splitlines()
    if line.startswith("schoolops ")
]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_an_example(name: str) -> None:
    assert any(line.split()[1] == name for line in EXAMPLES)


@pytest.mark.parametrize("line", EXAMPLES)
def test_every_example_parses(line: str) -> None:
    _, name, *words = shlex.split(line)
    parser, module = parser_of(name)
    if getattr(module, "INTERMIXED", True):
        parser.parse_intermixed_args(words)
    else:
        parser.parse_args(words)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_of_json_is_documented(name: str) -> None:
    parser, _ = parser_of(name)
    actions = list(parser._actions)
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            actions += [one for below in action.choices.values() for one in below._actions]
    if any("--json" in action.option_strings for action in actions):
        table = PAGE[PAGE.index("## JSON") :]
        assert re.search(rf"`{name}\b", table), f"the JSON of {name} is not documented"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_says_in_a_line_what_it_does(name: str) -> None:
    _, summary = COMMANDS[name]
    assert 5 < len(summary) < 60
    assert not summary.endswith(".")
