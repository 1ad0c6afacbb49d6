"""docs/tui.md says nothing that is not so."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from textual.binding import Binding

from inventory.filter import parse
from inventory.kinds import KINDS
from tui import dialogs
from tui.actions import ACTIONS, BY_ID, check_keymap, key_label, keys_of
from tui.cells import GLYPHS
from tui.dialogs.export import COPY_ROWS
from tui.themes import HIGH_CONTRAST

PAGE = (Path(__file__).parents[2] / "docs" / "tui.md").read_text("utf-8")
LISTS = {"0": "device", "4": "device", "5": "device", "6": "uplink"}
FILTERS = re.findall(r"^\|.*\| `(\d)` `/` `(.+)` \|$", PAGE, re.MULTILINE)


def dialog_keys() -> dict[str, set[str]]:
    """Binding id → the keys it has, of all dialogs."""
    found: dict[str, set[str]] = {}
    for name in dialogs.DIALOGS:
        for cls in dialogs.load(name).__mro__:
            for binding in Binding.make_bindings(vars(cls).get("BINDINGS", [])):
                if binding.id:
                    found.setdefault(binding.id, set()).add(key_label(binding.key))
    return found


def test_there_are_examples_of_filters() -> None:
    assert len(FILTERS) >= 8


@pytest.mark.parametrize(("key", "text"), FILTERS)
def test_each_example_of_a_filter_is_understood(key: str, text: str) -> None:
    assert parse(text, KINDS[LISTS[key]]).terms


@pytest.mark.parametrize(
    ("key", "id"),
    [
        ("?", "help.show"), (":", "go.jump"), ("/", "list.filter"), ("Esc", "go.back"),
        ("^p", "palette.show"), ("1", "main.overview"), ("2", "main.schools"),
        ("3", "main.rooms"), ("4", "main.access-points"), ("5", "main.ipads"),
        ("6", "main.uplinks"), ("7", "main.agents"), ("8", "main.discovered"),
        ("9", "main.audit"), ("0", "main.devices"), ("Enter", "row.open"), ("o", "go.room"),
        ("O", "go.school"), ("t", "app.theme"), ("s", "list.sort"), ("S", "list.sort_down"),
        ("h", "column.left"), ("l", "column.right"), ("c", "list.columns"), ("y", "copy.cell"),
        ("x", "list.export"), ("i", "file.import"), ("n", "record.new"), ("e", "record.edit"),
        ("m", "device.move"), ("d", "record.retire"), ("D", "record.reinstate"),
        ("Space", "mark.toggle"), ("*", "mark.all"), ("u", "mark.none"), ("b", "record.bulk"),
        ("r", "view.reload"), ("P", "main.people"), ("A", "main.approvals"),
        ("a", "approval.approve"), ("d", "approval.reject"), ("W", "approval.withdraw"),
        ("w", "access.explain"), ("!", "access.emergency"), ("n", "delegation.new"),
        ("M", "main.windows"), ("n", "window.new"), ("d", "window.end"), ("T", "rule.try"),
        ("L", "main.contracts"), ("I", "main.incidents"), ("C", "incident.claim"),
        ("R", "incident.release"),
        ("a", "incident.acknowledge"), ("n", "incident.note"), ("f", "incident.report"),
    ],
)  # fmt: skip
def test_each_key_does_what_the_page_says(key: str, id: str) -> None:
    assert key in [key_label(one) for one in keys_of(BY_ID[id], {})]
    assert f"`{key}`" in PAGE


def test_the_keys_of_dialogs_are_those_of_the_page() -> None:
    known = dialog_keys()
    said = dict(re.findall(r"`(dialog\.\w+)`\s+\(`([^`]+)`", PAGE))
    assert len(said) >= 8
    for id, key in said.items():
        assert key in known[id], id
    assert {"Space"} <= known["dialog.toggle"]
    assert {"K"} <= known["dialog.earlier"]
    assert {"J"} <= known["dialog.later"]
    assert {"r"} <= known["dialog.reset"]


def test_the_example_of_settings_can_be_used_as_it_stands() -> None:
    block = re.search(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    assert block
    settings = tomllib.loads(block[1])
    assert check_keymap(settings["keymap"]) == []
    assert {id for id in settings["keymap"] if id.startswith("dialog.")} <= set(dialog_keys())
    assert settings["theme"] == HIGH_CONTRAST.name
    known = {"health", *(field.name for field in KINDS["device"].fields)}
    assert set(settings["columns"]["devices"]) <= known


def test_signs_and_numbers_of_the_page_are_those_of_the_program() -> None:
    for state, glyph in GLYPHS.items():
        assert f"`{glyph} {state}`" in PAGE
    assert f"at most {COPY_ROWS} rows" in PAGE


def test_no_single_control_key_of_a_multiplexer_is_taken() -> None:
    taken = {key for action in ACTIONS for key in keys_of(action, {})}
    assert not {"ctrl+a", "ctrl+b"} & taken


def test_linked_pages_exist() -> None:
    folder = Path(__file__).parents[2] / "docs"
    for target in re.findall(r"\]\(([\w.-]+\.md)", PAGE):
        assert (folder / target).is_file(), target
