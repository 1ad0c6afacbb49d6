"""Writes what docs/ must not say from memory: settings, routes, fields, commands, keys.

`python docs/generate.py` rewrites the blocks between `<!-- made: NAME -->` and `<!-- end -->`;
with `--check` it writes nothing, names the pages that are out of date and leaves 1.
"""

from __future__ import annotations

import itertools
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

DOCS = Path(__file__).resolve().parent
BLOCK = re.compile(r"(<!-- made: ([a-z-]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def _table(head: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    for row in rows:
        cells = [" ".join(cell.split()).replace("|", "\\|") for cell in row]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def settings() -> str:
    """One row a setting: its name in schoolops.toml, in the environment, default, meaning."""
    from pydantic import BaseModel

    from schoolops.core.settings import Settings

    def rows(model: type[BaseModel], path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
        for name, field in model.model_fields.items():
            here = (*path, name)
            if isinstance(field.default, BaseModel):
                yield from rows(type(field.default), here)
                continue
            value = field.default
            shown = "" if value == "" else f"`{value}`".replace("'", '"')
            variable = "SCHOOLOPS_" + "__".join(here).upper()
            if field.description is None:
                raise SystemExit(f"the setting {'.'.join(here)} has no docstring")
            yield f"`{'.'.join(here)}`", f"`{variable}`", shown, field.description

    return _table(("`schoolops.toml`", "environment", "default", "meaning"), rows(Settings))


def routes() -> str:
    """One row a route, from the OpenAPI description that the server itself gives out."""

    from schoolops.server.document import document

    def rows() -> Iterator[tuple[str, ...]]:
        for path, calls in document()["paths"].items():
            for method, call in calls.items():
                meaning = (call.get("description") or "").split("\n\n")[0].replace("\n", " ")
                if not meaning:
                    raise SystemExit(f"{method.upper()} {path} has no docstring")
                yield f"`{method.upper()} {path}`", meaning

    return _table(("call", "what it does"), rows())


def fields() -> str:
    """A table a kind: fields, types, choices, and headings that an import understands."""
    from inventory.fields import Field
    from inventory.kinds import EDITABLE, HEALTH_FIELDS, SYSTEM_FIELDS

    def meaning(field: Field) -> str:
        text = field.label
        if field.reference:
            text += f" (key of a {field.reference})"
        if field.choices:
            # Six are enough to know what is meant; the school forms alone are twenty.
            names = list(field.choices)
            text += ": " + ", ".join(names[:6]) + (", …" if len(names) > 6 else "")
        if field.personal:
            text += f" — personal: {field.personal}"
        return text + (" — required" if field.required else "")

    def rows(chosen: tuple[Field, ...]) -> Iterator[tuple[str, ...]]:
        for field in chosen:
            unit = f" ({field.unit})" if field.unit else ""
            headings = ", ".join(dict.fromkeys(field.headings))
            yield f"`{field.name}`", f"{field.type.value}{unit}", meaning(field), headings

    head = ("field", "type", "meaning", "headings of a file, folded")
    parts = []
    for kind in EDITABLE:
        names = " / ".join(f"`{name}`" for name in kind.key)
        names += "".join(f", else `{name}`" for name in kind.alternative_keys)
        title = kind.label_plural[:1].upper() + kind.label_plural[1:]
        parts.append(f"### {title} (`{kind.plural}`)\n\nKey: {names}.\n\n")
        parts.append(_table(head, rows(kind.editable_fields())) + "\n")
    parts.append("### Fields of every record\n\n")
    system = _table(("field", "type", "meaning", ""), rows(SYSTEM_FIELDS + HEALTH_FIELDS))
    return "".join(parts) + system


def commands() -> str:
    """One row a command of `schoolops`."""
    from schoolops.cli import COMMANDS

    rows = ((f"`schoolops {name}`", text) for name, (_, text) in COMMANDS.items())
    return _table(("command", "what it does"), rows)


def roles() -> str:
    """Who may do what, and which classes of personal fields each role opens for what purpose."""
    from schoolops.core.permissions import FIELD_CLASSES, PERMISSIONS, PURPOSES, ROLES

    names = list(ROLES)

    def held(name: str, permission: str) -> str:
        role = ROLES[name]
        if permission in role.in_classes:
            return "own classes"
        return "yes" if permission in role.permissions else ""

    def opens(name: str, purpose: str) -> str:
        found = ROLES[name].opens
        return ", ".join(one for one in FIELD_CLASSES if (purpose, one) in found)

    rows = (
        (f"`{name}`: {permission.label}", *(held(role, name) for role in names))
        for name, permission in sorted(PERMISSIONS.items())
    )
    classes = (
        (f"opens for the purpose `{purpose}`: {says}", *(opens(role, purpose) for role in names))
        for purpose, says in PURPOSES.items()
    )
    return _table(("", *names), itertools.chain(rows, classes))


def health() -> str:
    """The thresholds of the health rules."""
    from schoolops.telemetry import rules

    hot = (
        f"{rules.TEMPERATURE_C:.0f} °C, processor {rules.CPU_PERCENT:.0f} %, "
        f"memory {rules.MEMORY_PERCENT:.0f} %, read in part"
    )
    slow = (
        f"{rules.LOSS_PERCENT:.0f} % loss, connects in {rules.CONNECT_MS:.0f} ms, names in "
        f"{rules.DNS_MS:.0f} ms, a test below {rules.CONTRACT_SHARE:.0%} of the contracted rate"
    )
    rows = (
        ("switch, access point, router, controller", "does not answer", hot),
        ("uplink", f"no target answers, or {rules.LOSS_DOWN_PERCENT:.0f} % loss", slow),
        ("agent's machine", "", f"disk {rules.DISK_PERCENT:.0f} % full, reports dropped"),
    )
    return _table(("thing", "down", "warning"), iter(rows))


BLOCKS: dict[str, Callable[[], str]] = {
    "settings": settings,
    "routes": routes,
    "fields": fields,
    "commands": commands,
    "roles": roles,
    "health": health,
}


def keys() -> str:
    """The page of all keys."""
    from tui.keydocs import text

    return text()


PAGES: dict[str, Callable[[], str]] = {"keys.md": keys}


def fresh(page: Path) -> str:
    """The page's text with all made blocks made again."""
    if page.name in PAGES:
        return PAGES[page.name]()

    def make(match: re.Match[str]) -> str:
        return match[1] + "\n" + BLOCKS[match[2]]() + "\n" + match[3]

    return BLOCK.sub(make, page.read_text("utf-8"))


def main() -> int:
    check = "--check" in sys.argv[1:]
    stale = []
    for page in [*sorted(DOCS.glob("*.md")), *(DOCS / name for name in PAGES)]:
        text = fresh(page)
        if not page.exists() or text != page.read_text("utf-8"):
            stale.append(page.name)
            if not check:
                page.write_text(text, "utf-8")
    for name in dict.fromkeys(stale):
        print(f"docs/{name} {'is out of date; run: make docs' if check else 'written'}")
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
