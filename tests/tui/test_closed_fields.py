"""What is closed to a person is said to be so; a form neither shows it empty nor writes it."""

from __future__ import annotations

from typing import Any

import pytest

from inventory.kinds import DEVICE
from schoolops.client import ApiError
from tests.tui.dialog_host import showing
from tui import describe, i18n, past
from tui.commands.common import field_errors

IPAD: dict[str, Any] = {"kind": "ipad", "serial": "DMPX1", "school": "164800", "owner": None}
RECORD: dict[str, Any] = {"kind": "device", "values": IPAD, "closed": ["owner"]}


async def test_a_form_has_no_row_for_what_is_closed() -> None:
    for closed, found in (((), False), (("owner",), True)):
        async with showing("RecordForm", DEVICE, IPAD, title="Edit", closed=closed) as desk:
            await desk.press("slash")
            await desk.type("owner")
            assert ("no field of that name" in desk.text) == found
            await desk.press("escape", "ctrl+s")
            assert desk.answer is None


@pytest.mark.parametrize(
    ("language", "label"), [("en", "Closed to you"), ("de", "Nicht offen für Sie")]
)
def test_a_record_names_what_is_closed(language: str, label: str) -> None:
    i18n.use(language)
    told = "\n".join(line.plain for line in describe.system_lines(RECORD))
    assert label in told
    assert i18n._("Owner") in told
    assert describe.system_lines(RECORD | {"closed": []}) == []


def test_a_history_says_that_a_closed_field_changed() -> None:
    changes = [{"at": None, "by": "m.weber", "how": "edit", "note": "",
                "fields": {"owner": None, "name": [None, "N"], "secret": None}}]  # fmt: skip
    told = [line.plain for line in past.lines(DEVICE, {"changes": changes})]
    (owner,) = [line for line in told if "Owner" in line]
    assert owner.split() == ["Owner", "changed"]


async def test_a_clash_says_that_a_closed_field_changed() -> None:
    since = [{"by": "m.weber", "at": "2026-11-24T07:00:00Z", "fields": {"owner": None}}]
    extra = {"changed_by": "m.weber", "current": RECORD, "changes": {}, "since": since}
    async with showing("StaleEdit", extra) as desk:
        (owner,) = [line for line in desk.text.splitlines() if "Owner" in line]
        assert "changed" in owner


def test_a_refused_field_is_named_in_the_form_in_the_persons_language() -> None:
    i18n.use("de")
    sentence = {"message": "{field} is personal and closed to you here; leave it out",
                "params": {"field": "owner"}}  # fmt: skip
    error = ApiError(403, "auth.field_closed", "…", {
        "errors": {"owner": "owner is personal"}, "message": "{owner}",
        "params": {"owner": sentence},
    })  # fmt: skip
    assert field_errors(error, DEVICE) == {
        "owner": "Nutzer ist personenbezogen und steht Ihnen hier nicht offen; bitte weglassen"
    }
