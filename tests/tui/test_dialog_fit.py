"""All dialogs: they fit 80×24 in both languages, are imported late, and speak German."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from inventory.kinds import DEVICE, SCHOOL
from schoolops.core.permissions import DELEGABLE
from tests.tui.dialog_host import OPEN, showing
from tests.tui.test_dialog_change import STALE
from tests.tui.test_dialog_files import REPORT
from tests.tui.test_dialog_people import FOUND, LINES, credential
from tests.tui.test_dialog_pick import ACTIONS, jump_lookup
from tui import dialogs, i18n
from tui.dialogs.base import Dialog

EXAMPLES: dict[str, tuple[tuple[Any, ...], dict[str, Any]]] = {
    "AdoptDialog": ((FOUND,), {}),
    "AnswerDialog": (
        ("T", ["a line"] * 3, "Send"),
        {
            "answers": [{"name": "x", "title": "Guten Tag", "text": "At ten."}],
            "choices": [("school", "Schule")],
            "asks": "A",
        },
    ),
    "AskAgent": (("164800-1",), {}),
    "BulkEdit": ((DEVICE, 40_214), {}),
    "ChooseKind": ((), {}),
    "ChooseOne": (("T", [("P1", "P1 x"), ("P2", "P2")] * 20), {}),
    "ColumnChooser": ((SCHOOL, ["number", "short_name"]), {}),
    "Confirm": (("Edit", "Discard what you have changed here?"), {}),
    "ConfirmPlan": (("Retire", ["a line"] * 60, 60), {}),
    "DelegateDialog": ((), {"permissions": DELEGABLE}),
    "EmergencyDialog": ((), {}),
    "ExplainDialog": ((), {}),
    "ExportDialog": ((DEVICE, "kind:ipad " * 12, 40_000), {}),
    "FaultReport": (("Störung D-164800", "Eine Zeile der Meldung.\n" * 60), {}),
    "FindRecord": (("T", ["a line"] * 3, "G", "account"), {"asks": "P"}),
    "HelpDialog": ((ACTIONS * 6,), {}),
    "ImportDialog": ((), {}),
    "ImportReport": ((REPORT,), {}),
    "InviteDialog": ((), {}),
    "JumpDialog": ((jump_lookup,), {}),
    "MoveDevice": (({"key": "X", "values": {"school": "164800"}}, jump_lookup), {}),
    "NewTicket": ((), {}),
    "NoteDialog": (("Reject", ["a line"] * 5, "Reject"), {}),
    "PlanOnCall": ((), {}),
    "PlanWindow": ((), {}),
    "RecordForm": ((SCHOOL, {}), {"title": "New school"}),
    "RetireDialog": (("DMPX", 1), {}),
    "SecretDialog": ((credential("snmp-v3"),), {}),
    "ShowCode": (("K7QM-2XHD-9PTW", LINES, "2026-11-25T07:00:00Z"), {}),
    "ShowToken": (({"token": "sot_" + "x" * 43, "name": "m.weber"},), {}),
    "StaleEdit": ((STALE,), {}),
    "TokenDialog": ((), {}),
    "TryRules": ((), {}),
}


def test_every_dialog_has_an_example() -> None:
    assert set(EXAMPLES) == set(dialogs.DIALOGS)


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("name", EXAMPLES)
async def test_a_dialog_fits_and_escape_gives_up(name: str, language: str) -> None:
    args, kwargs = EXAMPLES[name]
    async with showing(name, *args, language=language, **kwargs) as desk:
        assert desk.inside(), desk.text
        hints = desk.dialog.hints()
        for _id, text in hints:
            assert text in desk.text, f"the foot line does not show {text!r}\n{desk.text}"
        await desk.press("escape")
        if desk.answer == OPEN:  # what is shown once asks again
            await desk.press("escape")
        assert desk.answer in (None, False)


@pytest.mark.parametrize("name", EXAMPLES)
async def test_accepting_an_untouched_dialog_never_breaks(name: str) -> None:
    args, kwargs = EXAMPLES[name]
    async with showing(name, *args, language="de", **kwargs) as desk:
        await desk.press("ctrl+s")
        assert desk.inside(), desk.text
        if desk.answer == OPEN and desk.problem:
            assert "✗" in desk.text


@pytest.mark.parametrize("name", ["RecordForm", "HelpDialog", "BulkEdit"])
async def test_dialogs_live_in_a_tiny_and_in_a_wide_terminal(name: str) -> None:
    args, kwargs = EXAMPLES[name]
    for size in ((40, 12), (200, 60)):
        async with showing(name, *args, size=size, **kwargs) as desk:
            await desk.press("down", "tab", "escape")
            assert desk.answer is None


async def test_state_is_readable_without_colour(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with showing("RecordForm", SCHOOL, {}, title="New") as desk:
        await desk.press("ctrl+s")
        for mark in ("✗ School number must not be empty", "▸", "School number *"):
            assert mark in desk.text
    monkeypatch.setenv("NO_COLOR", "1")
    async with showing("ColumnChooser", SCHOOL, ["number"]) as desk:
        assert "[x] School number" in desk.text
        assert "[ ] Name" in desk.text


async def test_the_foot_line_shows_the_keys_as_they_are_mapped() -> None:
    async with showing("RetireDialog", "DMPX", 1) as desk:
        desk.app.set_keymap({"dialog.accept": "ctrl+r"})
        desk.dialog.show_hints()
        await desk.pilot.pause()
        assert "^r  Retire" in desk.text
        await desk.type("broken")
        await desk.press("ctrl+r")
        assert desk.answer == "broken"


async def test_hints_can_be_clicked() -> None:
    async with showing("Confirm", "Edit", "Discard?") as desk:
        hints = desk.dialog.query_one(".hints")
        await desk.pilot.click(hints, offset=(1, 0))
        await desk.pilot.pause()
        assert desk.answer is True


def test_nothing_is_imported_before_a_dialog_is_shown() -> None:
    code = "import sys, tui.dialogs; print([m for m in sys.modules if m.startswith('textual')])"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "[]"


def test_every_name_of_the_registry_leads_to_a_dialog() -> None:
    for name in dialogs.DIALOGS:
        assert issubclass(dialogs.load(name), Dialog)
        assert getattr(dialogs, name) is dialogs.load(name)
    with pytest.raises(KeyError):
        dialogs.load("NoSuchDialog")


FOLDER = Path(dialogs.__file__).parent


def messages() -> Iterator[str]:
    """The literal message ids of the dialogs; the singular of counted ones."""
    for path in sorted(FOLDER.glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.args:
                first = node.args[0]
                if node.func.id in ("_", "N_", "ngettext") and isinstance(first, ast.Constant):
                    yield str(first.value)


def test_every_text_of_the_dialogs_is_translated_to_german() -> None:
    from babel.messages.pofile import read_po

    path = Path(i18n.__file__).parent / "locale" / "de" / "LC_MESSAGES" / "dialogs.po"
    with path.open("rb") as file:
        catalog = read_po(file, locale="de")
    known = {m.id[0] if isinstance(m.id, tuple) else m.id: m for m in catalog if m.id}
    wanted = set(messages())
    assert len(wanted) > 150
    assert wanted - set(known) == set()
    assert set(known) - wanted == set(), "these are used no more"
    for message in known.values():
        assert not list(message.check(catalog)), message.id
        ids = message.id if isinstance(message.id, tuple) else (message.id,)
        strings = message.string if isinstance(message.string, tuple) else (message.string,)
        for text in strings:
            assert text
            assert names(text) <= names(ids[0]) | names(ids[-1]), f"{message.id}: {text}"


def names(text: str) -> set[str]:
    """The placeholders of a message."""
    return {part.split("}")[0] for part in text.split("{")[1:]}
