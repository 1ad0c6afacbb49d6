"""Questions to the person at the terminal."""

from __future__ import annotations

import getpass
import sys

from schoolops.cli._guard import Refused, UsageError


def confirm_number(plan: list[str], number: int, what: str, *, yes: bool) -> None:
    """Show a plan on stderr and have its number typed; `yes` goes without asking.

    Raises `Refused` when it is not confirmed, or nobody is there to ask.
    """
    for line in plan:
        print(line, file=sys.stderr)
    if yes:
        return
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise Refused(f"nothing was changed: with nobody to ask it needs --yes {what}")
    print(
        f"Type {number} to go on, anything else to leave it: ", end="", file=sys.stderr, flush=True
    )
    if sys.stdin.readline().strip() != str(number):
        raise Refused("nothing was changed: not confirmed")


def read_secrets(prompts: list[str]) -> list[str]:
    """Secrets, typed unseen or one a line from stdin; never from arguments, which others see."""
    if sys.stdin.isatty():
        given = [getpass.getpass(f"{prompt}: ", stream=sys.stderr) for prompt in prompts]
    else:
        lines = sys.stdin.read().splitlines()
        if len(lines) > len(prompts):
            raise UsageError(f"stdin has {len(lines)} lines; expected: {', '.join(prompts)}")
        given = lines + [""] * (len(prompts) - len(lines))
    if not given[0]:
        raise UsageError(f"the {prompts[0].lower()} is empty")
    return given
