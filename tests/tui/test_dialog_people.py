"""Agents' codes, colleagues' tokens, credentials' secrets, adopted devices."""

from __future__ import annotations

from typing import Any

import pytest

from tests.tui.dialog_host import OPEN, Desk, showing


async def lookup(_kind: str, text: str) -> list[tuple[str, str]]:
    known = [("164800", "Goethe-Gymnasium"), ("165189", "Koblenzer Straße")]
    return [(k, n) for k, n in known if text.casefold() in f"{k} {n}".casefold()]


async def choose(desk: Desk, words: str) -> None:
    await desk.press("enter")
    await desk.type(words)
    await desk.press("enter")
    await desk.pilot.pause()


async def test_an_agent_is_invited_for_a_school_under_a_name() -> None:
    async with showing("InviteDialog", lookup) as desk:
        await desk.press("ctrl+s")
        assert desk.problem == "Say for which school."
        await desk.type("goe")
        await desk.settle(lambda: "164800" in desk.text)
        await desk.press("enter", "down", "ctrl+u", "ctrl+s")
        assert "Give the agent a name" in desk.problem
        await desk.type("server room")
        await desk.press("enter")
        assert desk.answer == {"school": "164800", "name": "server room"}


LINES = ["schoolops-agent join https://schools.example.org K7QM-2XHD-9PTW", "schoolops-agent run"]


async def test_the_code_is_shown_with_its_lines_and_its_end() -> None:
    async with showing("ShowCode", "K7QM-2XHD-9PTW", LINES, "2026-11-25T07:00:00Z") as desk:
        for text in ("K7QM-2XHD-9PTW", *LINES, "until 25 Nov 2026 08:00:00"):
            assert text in desk.text
        await desk.press("y", "2")
        assert desk.app.copied == ["K7QM-2XHD-9PTW", "schoolops-agent run"]
        await desk.press("3", "enter")
        assert len(desk.app.copied) == 2
        assert desk.answer is True


async def test_what_is_shown_once_is_not_closed_by_a_slip() -> None:
    async with showing("ShowCode", "K7QM-2XHD-9PTW", LINES) as desk:
        await desk.press("escape")
        assert "not shown again" in desk.problem
        assert desk.answer == OPEN
        await desk.press("escape")
        assert desk.answer is False


async def test_a_token_for_a_school_names_its_schools() -> None:
    async with showing("TokenDialog", lookup) as desk:
        await desk.type("h.klein")
        await desk.press("down")
        await choose(desk, "school")
        assert "School numbers" in desk.text
        await desk.press("down", "down", "ctrl+s")
        assert desk.problem == "Name at least one school."
        await desk.type("goethe")
        await desk.settle(lambda: "Goethe-Gymnasium" in desk.text)
        await desk.press("enter")
        await desk.type("165189")
        await desk.pilot.pause(0.3)
        await desk.press("ctrl+s")
        assert desk.answer == {
            "name": "h.klein", "role": "school-admin", "schools": ["164800", "165189"],
            "authority": None, "days": 365,
        }  # fmt: skip


async def test_a_token_for_an_authority_needs_its_number() -> None:
    async with showing("TokenDialog", lookup) as desk:
        await desk.type("it.duesseldorf")
        await desk.press("down")
        await choose(desk, "service-provider")
        await desk.press("down")
        await choose(desk, "authority")
        await desk.press("ctrl+s")
        assert desk.problem == "Give the number of the school authority."
        await desk.type("10042")
        await desk.press("ctrl+s")
        assert desk.answer["authority"] == "10042"
        assert desk.answer["schools"] is None
        assert desk.answer["role"] == "service-provider"


@pytest.mark.parametrize("name", ["", "m weber", "x", "a/b"])
async def test_a_token_needs_a_name_without_spaces(name: str) -> None:
    async with showing("TokenDialog", lookup) as desk:
        await desk.type(name)
        await desk.press("ctrl+s")
        assert "Give a name without spaces" in desk.problem
        assert desk.answer == OPEN


@pytest.mark.parametrize("days", ["0", "3651", "-1", "soon", "1.5"])
async def test_a_token_ends_on_a_day_that_can_be_counted(days: str) -> None:
    async with showing("TokenDialog", lookup) as desk:
        await desk.type("m.weber")
        await desk.press("down", "down", "down", "ctrl+u")
        await desk.type(days)
        await desk.press("enter")
        assert desk.problem == "Give the days as a number from 1 to 3650."
        assert desk.answer == OPEN


async def test_a_new_token_is_shown_once() -> None:
    made = {"token": "sot_abc", "name": "m.weber", "expires": "2027-11-24T07:00:00Z"}
    async with showing("ShowToken", made) as desk:
        assert "sot_abc" in desk.text
        assert "until 24 Nov 2027" in desk.text
        await desk.press("y", "enter")
        assert desk.app.copied == ["sot_abc"]
        assert desk.answer is True


def credential(kind: str) -> dict[str, Any]:
    return {"key": "aps", "values": {"kind": kind, "name": "aps"}}


async def test_a_secret_is_never_on_the_screen() -> None:
    async with showing("SecretDialog", credential("snmp-v2c")) as desk:
        await desk.type("geheim4711")
        assert "geheim" not in desk.text
        assert "10 characters" in desk.text
        await desk.press("enter")
        assert desk.answer == {"secret": "geheim4711", "secret2": ""}
        assert "geheim" not in repr(desk.dialog)


async def test_snmp_v3_wants_two_keys_of_eight_characters() -> None:
    async with showing("SecretDialog", credential("snmp-v3")) as desk:
        await desk.type("short")
        await desk.press("ctrl+s")
        assert desk.problem == "Authentication key needs at least 8 characters."
        await desk.type("-but-longer")
        await desk.press("ctrl+s")
        assert desk.problem == "Privacy key must not be empty."
        await desk.type("12345678")
        await desk.press("enter")
        assert desk.answer == {"secret": "short-but-longer", "secret2": "12345678"}


async def test_a_secret_with_a_space_at_its_end_was_pasted_wrongly() -> None:
    async with showing("SecretDialog", credential("ssh")) as desk:
        await desk.type("geheim ")
        await desk.press("enter")
        assert desk.problem == "Password begins or ends with a space."
        assert desk.answer == OPEN


FOUND = {
    "id": "1", "key": "1",
    "values": {
        "kind": "access-point", "address": "10.20.0.7", "mac": "52:54:00:ab:cd:ef",
        "school": "164800", "name": "AP-OG2", "description": "IOS XE \x1b[31m17.06",
        "last_seen": "2026-11-24T07:00:00Z",
    },
}  # fmt: skip


async def test_a_discovered_device_is_adopted_with_what_is_known_of_it() -> None:
    async with showing("AdoptDialog", FOUND, lookup) as desk:
        assert "IOS XE" in desk.text
        assert "\x1b" not in desk.text
        await desk.press("ctrl+s")
        assert desk.problem == "Not saved: give Serial number or Asset tag."
        await desk.type("FCW2614")
        await desk.press("ctrl+s")
        assert desk.answer == {
            "kind": "access-point", "name": "AP-OG2", "serial": "FCW2614", "school": "164800",
            "macs": ("52:54:00:ab:cd:ef",), "address": "10.20.0.7",
        }  # fmt: skip


async def test_adopting_shows_a_refusal_where_it_belongs() -> None:
    async with showing("AdoptDialog", FOUND, lookup) as desk:
        desk.dialog.refuse({"serial": "taken"})
        await desk.pilot.pause()
        assert "✗ taken" in desk.text
        await desk.press("escape")
        assert "Discard" in desk.text
        await desk.press("y")
        assert desk.answer is None
