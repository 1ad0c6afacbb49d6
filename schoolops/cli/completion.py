"""Completion of commands, options and kinds in the shell. Add to the file that it reads first:

bash  ~/.bashrc                    source <(schoolops completion bash)
zsh   ~/.zshrc                     source <(schoolops completion zsh)
fish  ~/.config/fish/config.fish   schoolops completion fish | source
"""

from __future__ import annotations

from argparse import SUPPRESS, Action, ArgumentParser, Namespace, _SubParsersAction
from collections.abc import Iterator

from schoolops.cli._commands import COMMANDS
from schoolops.cli._guard import DONE

BASH = """\
_schoolops() {{
    local word="${{COMP_WORDS[COMP_CWORD]}}" previous="${{COMP_WORDS[COMP_CWORD-1]}}" words=""
    COMPREPLY=()
    if [ "$COMP_CWORD" -eq 1 ]; then
        COMPREPLY=($(compgen -W "{commands} help --help --version" -- "$word"))
        return
    fi
    case "${{COMP_WORDS[1]}}" in
        help) words="{commands}" ;;
{cases}
    esac
    if [ -n "$words" ]; then
        COMPREPLY=($(compgen -W "$words" -- "$word"))
    fi
}}
complete -o default -F _schoolops schoolops
"""

REASONS = """\
            if [ "$previous" = --reason ]; then
                local IFS=$'\\n'
                case "${{COMP_WORDS[2]}}" in
{cases}
                    *) words="" ;;
                esac
                COMPREPLY=($(compgen -W "$words" -- "$word"))
                COMPREPLY=("${{COMPREPLY[@]// /\\\\ }}")
                return
            fi
"""
_LINE = "\\n"

ZSH = """\
#compdef schoolops
autoload -Uz compinit bashcompinit
(( $+functions[compdef] )) || compinit
bashcompinit
"""

FISH = """\
complete -c schoolops -n __fish_use_subcommand -f -l help -d 'list the commands'
complete -c schoolops -n __fish_use_subcommand -f -l version
"""


def configure(parser: ArgumentParser) -> None:
    parser.add_argument("shell", choices=tuple(SCRIPTS))


def run(args: Namespace) -> int:
    print(SCRIPTS[str(args.shell)](), end="")
    return DONE


def bash() -> str:
    """The function for bash, made from the commands' own parsers."""
    cases = "\n".join(_case(name, parser) for name, parser in _parsers())
    return BASH.format(commands=" ".join(COMMANDS), cases=cases)


def zsh() -> str:
    """bash's function, by zsh's own way of taking it."""
    return ZSH + bash()


def fish() -> str:
    """One `complete` a word, with what it means."""
    lines = [FISH.rstrip()]
    for name, parser in _parsers():
        lines.append(_fish("__fish_use_subcommand", f"-f -a {name}", COMMANDS[name][1]))
        here = f"__fish_seen_subcommand_from {name}"
        subs, first = _subs(parser), _first(parser)
        known = " ".join([*subs, *first])
        if first:
            lines.append(_fish(f"{here}; and not __fish_seen_subcommand_from {known}",
                               f"-f -a '{' '.join(first)}'", ""))  # fmt: skip
        for sub, below in subs.items():
            lines += _fish_options(f"{here}; and __fish_seen_subcommand_from {sub}", below)
        lines += _fish_options(here, parser)
        if name == "retire":
            for words, reasons in _reasons():
                condition = f"{here}; and __fish_seen_subcommand_from {' '.join(words)}"
                offers = " ".join(f'"{reason}"' for reason in reasons)
                lines.append(_fish(condition, f"-l reason -x -a '{offers}'", ""))
    return "\n".join(lines) + "\n"


SCRIPTS = {"bash": bash, "zsh": zsh, "fish": fish}


def _parsers() -> Iterator[tuple[str, ArgumentParser]]:
    from schoolops.cli._parsers import parser_of

    return ((name, parser_of(name)[0]) for name in COMMANDS)


def _case(name: str, parser: ArgumentParser) -> str:
    lines = [f'        {name}) words="{" ".join(_options(parser))}"']
    for sub, below in _subs(parser).items():
        options = " ".join(_options(below))
        lines.append(f'            [ "${{COMP_WORDS[2]}}" = {sub} ] && words="{options}"')
    if first := _first(parser):
        lines.append(f'            [ "$COMP_CWORD" -eq 2 ] && words="{" ".join(first)}"')
    valued = {
        flag: action.choices or ()
        for each in (parser, *_subs(parser).values())
        for action in _shown(each)
        if _takes_value(action)
        for flag in action.option_strings
    }
    if name == "retire":
        lines.append(_bash_reasons())
    if valued:
        # What an option takes: its choices, or nothing of ours, and then the shell offers files.
        cases = " ".join(
            f'{flag}) words="{" ".join(map(str, choices))}" ;;' for flag, choices in valued.items()
        )
        lines.append(f'            case "$previous" in {cases} esac')
    return "\n".join([*lines, "            ;;"])


def _bash_reasons() -> str:
    """The usual reasons of the kind; they have blanks, so that one is a line."""
    cases = "\n".join(
        f"                    {'|'.join(words)}) words=$'{_LINE.join(reasons)}' ;;"
        for words, reasons in _reasons()
    )
    return REASONS.format(cases=cases).rstrip()


def _reasons() -> Iterator[tuple[list[str], tuple[str, ...]]]:
    """Words of a kind, and why its records are usually retired."""
    from inventory.choices import DEVICE_KINDS
    from inventory.kinds import DEVICE, EDITABLE, device_plural

    for kind in EDITABLE:
        words = [kind.name, kind.plural]
        if kind is DEVICE:
            words += [*DEVICE_KINDS, *(device_plural(name) for name in DEVICE_KINDS)]
        yield words, kind.retire_reasons


def _fish(condition: str, what: str, meaning: str) -> str:
    told = f" -d {_quoted(meaning)}" if meaning else ""
    return f"complete -c schoolops -n '{condition}' {what}{told}"


def _fish_options(condition: str, parser: ArgumentParser) -> list[str]:
    lines = []
    for action in _shown(parser):
        names = " ".join(
            f"-l {flag[2:]}" if flag.startswith("--") else f"-s {flag[1:]}"
            for flag in action.option_strings
        )
        if action.choices:
            names += f" -x -a '{' '.join(map(str, action.choices))}'"
        elif _takes_value(action):
            names += " -r"
        lines.append(_fish(condition, names, (action.help or "").partition(" (")[0]))
    return lines


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _shown(parser: ArgumentParser) -> list[Action]:
    return [a for a in parser._actions if a.option_strings and a.help != SUPPRESS]


def _takes_value(action: Action) -> bool:
    return action.nargs != 0


def _options(parser: ArgumentParser) -> list[str]:
    return [f for a in _shown(parser) for f in a.option_strings if f.startswith("--")]


def _subs(parser: ArgumentParser) -> dict[str, ArgumentParser]:
    for action in parser._actions:
        if isinstance(action, _SubParsersAction):
            return dict(action.choices)
    return {}


def _first(parser: ArgumentParser) -> list[str]:
    """What may stand behind the command: sub-commands, kinds, the choices of an argument."""
    for action in parser._actions:
        if action.option_strings:
            continue
        if action.metavar == "KIND":
            return _kinds()
        if action.metavar == "device":
            return ["device"]
        if action.choices:
            return [str(choice) for choice in action.choices]
    return []


def _kinds() -> list[str]:
    from inventory.choices import DEVICE_KINDS
    from inventory.kinds import BY_PLURAL, device_plural

    return [*BY_PLURAL, *(device_plural(kind) for kind in DEVICE_KINDS)]
