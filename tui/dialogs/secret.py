"""The secret of a credential: typed unseen, sent once, never shown again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from textual import on
from textual.app import ComposeResult
from textual.widgets import Input

from tui.cells import clean
from tui.dialogs.base import Hint, Sentence, plain
from tui.dialogs.form_line import FormDialog, Line
from tui.dialogs.widgets import FormInput
from tui.i18n import _, ngettext

SHORTEST_V3 = 8
"""Characters of an SNMP v3 key at least (RFC 3414, section 11.2)."""


class SecretDialog(FormDialog[dict[str, str]]):
    """Takes the credential's record; answers `{"secret", "secret2"}` ('' where the kind has no
    second one), or None."""

    DEFAULT_CSS = """
    SecretDialog #length {
        padding-left: 24;
        color: $text-muted;
    }
    """

    def __init__(self, record: Mapping[str, Any]) -> None:
        values = record.get("values") or record
        self.kind = str(values.get("kind") or "")
        name = clean(str(values.get("name") or record.get("key") or ""))
        super().__init__(_("Secret of {name}").format(name=name))
        first, second = {
            "snmp-v2c": (_("Community"), ""),
            "snmp-v3": (_("Authentication key"), _("Privacy key")),
            "token": (_("Token"), ""),
        }.get(self.kind, (_("Password"), ""))
        self.labels = [first, second] if second else [first]
        self.inputs = [FormInput(password=True, compact=True) for _label in self.labels]

    def body(self) -> ComposeResult:
        yield plain(_("It is stored encrypted and never shown again, also not while you type."))
        for label, control in zip(self.labels, self.inputs, strict=True):
            yield Line(label, control, required=True)
        yield Sentence(id="length")

    def hints(self) -> list[Hint]:
        return [("dialog.accept", _("Store it")), ("dialog.cancel", _("Cancel"))]

    def on_mount(self) -> None:
        self.inputs[0].focus()

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        """The length is all one sees of what was pasted."""
        event.stop()
        self.problem("")
        count = len(event.value)
        text = ngettext("{count} character", "{count} characters", count).format(count=count)
        self.query_one("#length", Sentence).say(text if count else "")

    def action_accept(self) -> None:
        for label, control in zip(self.labels, self.inputs, strict=True):
            sentence = self._refuse(label, control.value)
            if sentence:
                self.problem(sentence)
                control.focus()
                return
        secrets = [control.value for control in self.inputs]
        self.answer({"secret": secrets[0], "secret2": secrets[1] if len(secrets) > 1 else ""})

    def _refuse(self, label: str, secret: str) -> str:
        if not secret:
            return _("{field} must not be empty.").format(field=label)
        if secret != secret.strip():
            return _("{field} begins or ends with a space.").format(field=label)
        if self.kind == "snmp-v3" and len(secret) < SHORTEST_V3:
            return _("{field} needs at least {count} characters.").format(
                field=label, count=SHORTEST_V3
            )
        return ""
