"""`python -m tui.keydocs`: the page of all keys, made from the registry of actions."""

from __future__ import annotations

import sys

from tui.actions import ACTIONS, key_label, keys_of

INTRO = """# Keys of the terminal UI

Made by `python -m tui.keydocs`; a test fails when it is out of date. `?` shows what works on
the screen you are on and runs it. Each key can be mapped anew by its id in
`SCHOOLOPS_HOME/tui.toml`:

```toml
[keymap]
"record.edit" = "E"
"row.page_down" = "pagedown,ctrl+v"
```

| id | key | what it does | works on | needs |
|---|---|---|---|---|
"""


def text() -> str:
    """The whole page."""
    lines = []
    for action in ACTIONS:
        keys = " ".join(f"`{key_label(key)}`" for key in keys_of(action, {})) or "palette"
        label = action.label + (f". {action.tooltip}" if action.tooltip else "")
        places = ", ".join(sorted(action.places)).replace("any", "everywhere")
        need = action.permission + (" (writes)" if action.writes else "")
        lines.append(f"| `{action.id}` | {keys} | {label} | {places} | {need} |")
    return INTRO + "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(text())
