"""The dialogs: modal screens that take plain data and answer plain data.

A dialog never talks to the server. What it needs to know while it is open comes through a
callable that is passed in; what the person decided comes back from `dismiss`. The frame does

    outcome = await app.push_screen_wait(dialog("RetireDialog", "DMPX1234", 1))

`dialog` imports a dialog's module when it is first shown, so the start of the terminal UI
does not pay for forms nobody has opened. A new dialog is one file and one line below.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from textual.screen import ModalScreen

DIALOGS: dict[str, str] = {
    "AdoptDialog": "tui.dialogs.adopt",
    "AnswerDialog": "tui.dialogs.answer",
    "AskAgent": "tui.dialogs.ask_agent",
    "BulkEdit": "tui.dialogs.bulk_edit",
    "ChooseKind": "tui.dialogs.choose_kind",
    "ChooseOne": "tui.dialogs.choose_one",
    "ColumnChooser": "tui.dialogs.column_chooser",
    "Confirm": "tui.dialogs.confirm",
    "ConfirmPlan": "tui.dialogs.confirm_plan",
    "DelegateDialog": "tui.dialogs.delegate",
    "EmergencyDialog": "tui.dialogs.emergency",
    "ExplainDialog": "tui.dialogs.explain",
    "ExportDialog": "tui.dialogs.export",
    "FaultReport": "tui.dialogs.fault_report",
    "FindRecord": "tui.dialogs.find_record",
    "HelpDialog": "tui.dialogs.help",
    "ImportDialog": "tui.dialogs.import_file",
    "ImportReport": "tui.dialogs.import_report",
    "InviteDialog": "tui.dialogs.invite",
    "JumpDialog": "tui.dialogs.jump",
    "MoveDevice": "tui.dialogs.move_device",
    "NewTicket": "tui.dialogs.new_ticket",
    "NoteDialog": "tui.dialogs.note",
    "PlanOnCall": "tui.dialogs.plan_on_call",
    "PlanWindow": "tui.dialogs.plan_window",
    "RecordForm": "tui.dialogs.record_form",
    "RetireDialog": "tui.dialogs.retire",
    "SecretDialog": "tui.dialogs.secret",
    "ShowCode": "tui.dialogs.show_code",
    "ShowToken": "tui.dialogs.show_token",
    "StaleEdit": "tui.dialogs.stale_edit",
    "TokenDialog": "tui.dialogs.token",
    "TryRules": "tui.dialogs.try_rules",
}
"""Class name → module in which it is defined."""


def load(name: str) -> type[ModalScreen[Any]]:
    """The class of a dialog, imported on first use. Raises KeyError for an unknown name."""
    found: type[ModalScreen[Any]] = getattr(import_module(DIALOGS[name]), name)
    return found


def dialog(name: str, /, *args: Any, **kwargs: Any) -> ModalScreen[Any]:
    """A new dialog of that name; arguments are those of its class."""
    return load(name)(*args, **kwargs)


def __getattr__(name: str) -> type[ModalScreen[Any]]:
    """`from tui.dialogs import RecordForm` works and is as lazy."""
    if name not in DIALOGS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return load(name)
