"""Completion for the shell: add  source <(schoolops completion bash)  to ~/.bashrc, or zsh's."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace, _SubParsersAction

from schoolops.cli._commands import COMMANDS
from schoolops.cli._guard import DONE

SCRIPT = """\
_schoolops() {{
    local word="${{COMP_WORDS[COMP_CWORD]}}" command="${{COMP_WORDS[1]}}" words=""
    COMPREPLY=()
    if [ "$COMP_CWORD" -eq 1 ]; then
        COMPREPLY=($(compgen -W "{commands} --help --version" -- "$word"))
        return
    fi
    case "$command" in
{cases}
    esac
    if [ -z "$COMPREPLY" ] && [ -n "$words" ]; then
        COMPREPLY=($(compgen -W "$words" -- "$word"))
    fi
}}
complete -o default -F _schoolops schoolops
"""


def configure(parser: ArgumentParser) -> None:
    parser.add_argument("shell", choices=("bash", "zsh"))


def run(args: Namespace) -> int:
    if args.shell == "zsh":
        print("#compdef schoolops\nautoload -U +X bashcompinit && bashcompinit")
    print(script(), end="")
    return DONE


def script() -> str:
    """The function for bash, made from the commands' own parsers."""
    from schoolops.cli._parsers import parser_of

    cases = "\n".join(_case(name, parser_of(name)[0]) for name in COMMANDS)
    return SCRIPT.format(commands=" ".join(COMMANDS), cases=cases)


def _case(name: str, parser: ArgumentParser) -> str:
    first: list[str] = []
    lines = [f'        {name}) words="{" ".join(_options(parser))}"']
    for action in parser._actions:
        if isinstance(action, _SubParsersAction):
            first = list(action.choices)
            for sub, below in action.choices.items():
                options = " ".join(_options(below))
                lines.append(f'            [ "${{COMP_WORDS[2]}}" = {sub} ] && words="{options}"')
        elif action.metavar in ("KIND", "device"):
            first = _kinds() if action.metavar == "KIND" else ["device"]
        elif action.choices and not action.option_strings:
            first = [str(choice) for choice in action.choices]
    if first:
        lines.append(f'            [ "$COMP_CWORD" -eq 2 ] && words="{" ".join(first)}"')
    return "\n".join([*lines, "            ;;"])


def _options(parser: ArgumentParser) -> list[str]:
    return [
        option
        for action in parser._actions
        if action.help != "==SUPPRESS=="
        for option in action.option_strings
        if option.startswith("--")
    ]


def _kinds() -> list[str]:
    from inventory.kinds import BY_PLURAL, DEVICE_KINDS, device_plural

    return [*BY_PLURAL, *(device_plural(kind) for kind in DEVICE_KINDS)]
