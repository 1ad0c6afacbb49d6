"""Help, jump, the choice of a kind and of columns."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import pytest

from inventory.kinds import CONTACT, DEVICE, ROOM
from tests.tui.dialog_host import OPEN, showing


@dataclass(frozen=True)
class Does:
    id: str
    key: str
    label: str
    group: str = ""
    tooltip: str = ""


ACTIONS = [
    Does("row.down", "j,down", "Down", "Moving"),
    Does("list.filter", "slash", "Filter", "Finding"),
    Does("record.edit", "e", "Edit", "Records"),
    Does("record.retire", "d", "Retire", "Records", "Shows the plan first"),
    Does("row.half_down", "ctrl+d", "Half a page down", "Moving"),
    Does("app.theme", "", "Theme"),
]


async def test_help_lists_keys_under_their_groups() -> None:
    async with showing("HelpDialog", ACTIONS) as desk:
        for text in ("Moving", "Finding", "j ↓", "^d", "/", "Shows the plan first", "Theme"):
            assert text in desk.text


async def test_help_narrows_while_typing_and_runs_on_enter() -> None:
    async with showing("HelpDialog", ACTIONS) as desk:
        await desk.type("plan")
        assert "Filter" not in desk.text
        await desk.press("enter")
        assert desk.answer == "record.retire"


async def test_help_finds_an_action_by_its_key() -> None:
    async with showing("HelpDialog", ACTIONS) as desk:
        await desk.type("e")
        await desk.press("enter")
        assert desk.answer == "record.edit"


async def test_help_walks_over_headings() -> None:
    async with showing("HelpDialog", ACTIONS) as desk:
        await desk.press("down", "down", "enter")
        assert desk.answer == "list.filter"


async def test_help_with_nothing_left_runs_nothing() -> None:
    async with showing("HelpDialog", ACTIONS) as desk:
        await desk.type("zzz")
        assert "no action of that name" in desk.text
        await desk.press("enter")
        assert desk.answer == OPEN
        await desk.press("escape")
        assert desk.answer is None


KNOWN = {
    "school": [("164800", "Goethe-Gymnasium")],
    "room": [("164800/2.14", "Goethe-Gymnasium classroom")],
    "device": [("FCW2614", "ap-2.14 Goethe-Gymnasium"), ("FCW9", "ap-9 Koblenzer")],
}


async def jump_lookup(kind: str, text: str) -> list[tuple[str, str]]:
    return [(k, n) for k, n in KNOWN[kind] if text.casefold() in f"{k} {n}".casefold()]


async def test_jump_searches_all_kinds_and_answers_kind_and_key() -> None:
    async with showing("JumpDialog", jump_lookup) as desk:
        await desk.type("goethe")
        await desk.settle(lambda: "FCW2614" in desk.text)
        for heading in ("Schools", "Rooms", "Devices"):
            assert heading in desk.text
        await desk.press("down", "enter")
        assert desk.answer == ("room", "164800/2.14")


async def test_jump_finds_lists_at_once() -> None:
    lists = [("ipads", "iPads"), ("uplinks", "Uplinks")]
    async with showing("JumpDialog", jump_lookup, lists=lists) as desk:
        await desk.type("upl")
        await desk.press("enter")
        assert desk.answer == ("list", "uplinks")


async def test_jump_drops_answers_that_come_late() -> None:
    let_go = asyncio.Event()
    asked = []

    async def lookup(kind: str, text: str) -> list[tuple[str, str]]:
        asked.append((kind, text))
        if text == "koblenz":
            await let_go.wait()
        return await jump_lookup(kind, text)

    async with showing("JumpDialog", lookup) as desk:
        await desk.type("koblenz")
        await desk.settle(lambda: len(asked) == 3)
        await desk.press("ctrl+u")
        await desk.type("2.14")
        await desk.settle(lambda: "164800/2.14" in desk.text)
        let_go.set()
        await desk.pilot.pause(0.1)
        assert "FCW9" not in desk.text
        # Letters that follow each other quickly are one question, not one each.
        letters, kinds = len("koblenz") + len("2.14"), 3
        assert len(asked) < letters * kinds
        assert asked[-1][1] == "2.14"


async def test_enter_before_the_answer_goes_to_the_first_when_it_comes() -> None:
    let_go = asyncio.Event()

    async def lookup(kind: str, text: str) -> list[tuple[str, str]]:
        if text == "koblenz":
            await let_go.wait()
        return await jump_lookup(kind, text)

    async with showing("JumpDialog", lookup) as desk:
        await desk.type("goethe")
        await desk.settle(lambda: "FCW2614" in desk.text)
        await desk.press("ctrl+u")
        await desk.type("koblenz")
        await desk.press("enter")
        assert desk.answer == OPEN
        assert "searching …" in desk.text
        let_go.set()
        await desk.settle(lambda: desk.answer == ("device", "FCW9"))


async def test_enter_right_behind_the_words_asks_once_and_at_once() -> None:
    asked = []

    async def lookup(kind: str, text: str) -> list[tuple[str, str]]:
        asked.append((kind, text))
        return await jump_lookup(kind, text)

    async with showing("JumpDialog", lookup) as desk:
        await desk.type("2.14")
        await desk.press("enter", "enter")
        await desk.settle(lambda: desk.answer == ("room", "164800/2.14"))
        assert asked == [(kind, "2.14") for kind in ("school", "room", "device")]


async def test_typing_on_after_enter_takes_the_wish_back() -> None:
    let_go = asyncio.Event()

    async def lookup(kind: str, text: str) -> list[tuple[str, str]]:
        if text == "2.1":
            await let_go.wait()
        return await jump_lookup(kind, text)

    async with showing("JumpDialog", lookup) as desk:
        await desk.type("2.1")
        await desk.press("enter")
        await desk.type("zz")
        let_go.set()
        await desk.settle(lambda: "nothing found" in desk.text)
        await desk.press("ctrl+u")
        await desk.type("2.14")
        await desk.settle(lambda: "164800/2.14" in desk.text)
        assert desk.answer == OPEN


async def test_jump_shows_what_answered_when_one_kind_fails() -> None:
    async def lookup(kind: str, text: str) -> list[tuple[str, str]]:
        if kind == "room":
            raise ValueError("a filter such as this is not known for rooms")
        return await jump_lookup(kind, text)

    async with showing("JumpDialog", lookup) as desk:
        await desk.type("goethe")
        await desk.settle(lambda: "FCW2614" in desk.text)


async def test_jump_says_why_when_nobody_answers() -> None:
    async def lookup(_kind: str, _text: str) -> list[tuple[str, str]]:
        raise ConnectionError("no server answers")

    async with showing("JumpDialog", lookup) as desk:
        await desk.type("x")
        await desk.settle(lambda: "No connection to the server" in desk.text)
        await desk.press("escape")
        assert desk.answer is None


async def test_a_kind_is_chosen_by_typing() -> None:
    async with showing("ChooseKind") as desk:
        await desk.type("upl")
        await desk.press("enter")
        assert desk.answer == "uplink"


async def test_only_the_offered_kinds_can_be_chosen() -> None:
    async with showing("ChooseKind", [CONTACT]) as desk:
        await desk.type("room")
        assert "no kind of that name" in desk.text
        await desk.press("enter")
        assert desk.answer == OPEN


async def test_columns_are_added_at_their_place_and_moved() -> None:
    async with showing("ColumnChooser", DEVICE, ["health", "kind", "name"]) as desk:
        await desk.press("down", "K", "enter")
        assert desk.answer == ("kind", "health", "name")


async def test_columns_are_hidden_by_space() -> None:
    async with showing("ColumnChooser", DEVICE, ["health", "kind", "name"]) as desk:
        await desk.press("down", "space", "enter")
        assert desk.answer == ("health", "name")


async def test_a_list_keeps_at_least_one_column() -> None:
    async with showing("ColumnChooser", ROOM, ["name"]) as desk:
        await desk.press("space", "enter")
        assert "at least one column" in desk.problem
        assert desk.answer == OPEN


async def test_columns_go_back_to_how_they_came() -> None:
    async with showing("ColumnChooser", ROOM, ["notes", "no-such-field"]) as desk:
        await desk.press("r", "enter")
        assert desk.answer == tuple(field.name for field in ROOM.columns())


@pytest.mark.parametrize("keys", [("J", "J"), ("j", "j", "k")])
async def test_moving_at_the_ends_does_no_harm(keys: tuple[str, ...]) -> None:
    async with showing("ColumnChooser", ROOM, ["name"]) as desk:
        await desk.press("K", *keys, "escape")
        assert desk.answer is None
