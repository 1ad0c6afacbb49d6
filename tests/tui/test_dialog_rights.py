"""Handing rights on, asking in an emergency, explaining a permission, a reason for a refusal."""

from __future__ import annotations

import datetime as dt
from typing import Any

from schoolops.client import ApiError
from tests.tui.dialog_host import OPEN, showing

MINE = ("estate.read", "passwords.reset")


async def lookup(kind: str, text: str) -> list[tuple[str, str]]:
    known = {
        "school": [("164800", "Goethe-Gymnasium")],
        "account": [("t.kaya", "Theo Kaya")],
    }[kind]
    return [(k, n) for k, n in known if text.casefold() in f"{k} {n}".casefold()]


def day(days: int) -> str:
    return (dt.datetime.now() + dt.timedelta(days=days)).strftime("%Y-%m-%d")


async def test_rights_are_ticked_and_go_to_somebody_until_a_day() -> None:
    async with showing("DelegateDialog", lookup, MINE) as desk:
        await desk.press("ctrl+s")
        assert desk.problem == "Say to whom, by the user name."
        await desk.type("kaya")
        await desk.settle(lambda: "Theo Kaya" in desk.text)
        await desk.press("enter", "down", "ctrl+s")
        assert desk.problem == "Say for which school."
        await desk.type("164800")
        await desk.settle(lambda: "Goethe" in desk.text)
        await desk.press("enter", "down", "ctrl+s")
        assert "space bar" in desk.problem
        assert "[ ] reset pupils' passwords" in desk.text
        await desk.press("down", "space")
        assert "[x] reset pupils' passwords" in desk.text
        await desk.press("enter", "ctrl+s")
        assert desk.problem == "Say why: it stands in the audit."
        await desk.type("on leave")
        await desk.press("enter")
        answer = desk.answer
        assert answer["until"].startswith(day(7)[:4])
        del answer["until"]
        assert answer == {
            "receiver": "t.kaya", "school": "164800", "class_name": "", "reason": "on leave",
            "permissions": ["passwords.reset"],
        }  # fmt: skip


async def test_an_end_that_cannot_be_is_said_before_anything_is_sent() -> None:
    for typed, words in (("soon", "is no time"), (day(-1), "92 days"), (day(99), "92 days")):
        async with showing("DelegateDialog", lookup, MINE, receiver="x", school="164800") as desk:
            await desk.press("space")
            desk.dialog.until.value = typed
            await desk.pilot.pause()
            await desk.press("ctrl+s")
            assert words in desk.problem
            assert desk.answer == OPEN


async def test_a_refusal_stands_under_what_was_typed_until_that_changes() -> None:
    async with showing("DelegateDialog", lookup, MINE, receiver="x.y", school="164800") as desk:
        await desk.press("down", "space")
        desk.dialog.refuse({"reason": "A reason is wanted"})
        await desk.pilot.pause()
        assert desk.problem == "A reason is wanted"
        assert desk.dialog.reason.has_focus
        for text in ("x.y", "164800", "[x] reset pupils' passwords"):
            assert text in desk.text
        await desk.type("ill")
        assert desk.problem == ""


async def test_emergency_access_wants_a_school_a_right_few_hours_and_a_sentence() -> None:
    async with showing("EmergencyDialog", lookup) as desk:
        await desk.press("ctrl+s")
        assert desk.problem == "Say for which school."
        await desk.type("170000")  # one that the lookup does not know
        await desk.pilot.pause(0.3)
        await desk.press("escape", "down", "space", "down", "down", "down", "down")
        await desk.press("ctrl+u")
        await desk.type("9")
        await desk.press("ctrl+s")
        assert desk.problem == "Give the hours as a number from 1 to 8."
        await desk.press("ctrl+u")
        await desk.type("3")
        await desk.press("enter", "ctrl+s")
        assert desk.problem == "Say what has happened, in a sentence."
        await desk.type("the school is dark")
        await desk.press("enter")
        assert desk.answer == {
            "school": "170000", "permissions": ["estate.read"], "hours": 3,
            "reason": "the school is dark",
        }  # fmt: skip


ANSWER = {
    "who": "t.kaya", "allowed": True, "reason": "estate.read comes from Teacher",
    "message": "{permission} comes from {sources}",
    "params": {"permission": "estate.read", "sources": {"message": "Teacher", "params": {}}},
    "by": [{"source": "teacher", "scope": "schools 164800", "until": None,
            "permissions": ["estate.read"], "message": "schools {numbers}",
            "params": {"numbers": "164800"}}],
}  # fmt: skip


async def test_an_explanation_stands_under_its_question_until_that_changes() -> None:
    asked: list[Any] = []

    async def ask(about: Any) -> Any:
        asked.append(dict(about))
        return ANSWER

    async with showing("ExplainDialog", ask, lookup, who="t.kaya", school="164800") as desk:
        await desk.press("ctrl+s")
        await desk.settle(lambda: "allowed" in desk.text)
        for words in ("● t.kaya: allowed", "estate.read comes from Teacher", "Schools 164800"):
            assert words in desk.text
        assert asked == [{"permission": "estate.read", "who": "t.kaya", "school": "164800",
                          "class_name": "", "field_class": ""}]  # fmt: skip
        await desk.press("down", "down")
        await desk.type("5a")
        assert "● t.kaya" not in desk.text
        await desk.press("escape")
        assert desk.answer is None


async def test_an_explanation_speaks_german() -> None:
    async def ask(about: Any) -> Any:
        return ANSWER

    async with showing("ExplainDialog", ask, lookup, language="de") as desk:
        await desk.press("ctrl+s")
        await desk.settle(lambda: "erlaubt" in desk.text)
        assert "estate.read kommt durch: Lehrkraft" in desk.text
        assert "Die Schulen 164800" in desk.text


async def test_what_may_not_be_asked_is_said() -> None:
    async def ask(about: Any) -> Any:
        raise ApiError(403, "auth.forbidden", "you may ask for schools where you hold x")

    async with showing("ExplainDialog", ask, lookup) as desk:
        await desk.press("ctrl+s")
        await desk.settle(lambda: "You may ask for schools" in desk.problem)
    async with showing("ExplainDialog", ask, lookup, others=False) as desk:
        assert "Who" not in desk.text


async def test_a_refusal_of_a_proposal_says_why() -> None:
    async with showing("NoteDialog", "Reject what a.klein proposed", ["Who: a.klein"], "Go") as d:
        assert "Who: a.klein" in d.text
        await d.press("ctrl+s")
        assert "why" in d.problem
        await d.type("call the caretaker first")
        await d.press("enter")
        assert d.answer == "call the caretaker first"
