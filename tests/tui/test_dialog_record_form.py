"""The form of a record: what it answers, what it refuses, how the keyboard gets around."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from inventory.kinds import DEVICE, EDITABLE, SCHOOL, UPLINK, Kind
from tests.tui.dialog_host import OPEN, Desk, showing
from tui.dialogs import lookup
from tui.dialogs.record_form import Place

SCHOOLS = [("164800", "Goethe-Gymnasium"), ("165189", "Gymnasium Koblenzer Straße")]


class Lookups:
    """Answers like a server; `hold` keeps the answer to a text back until it is let go."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []
        self.held: dict[str, asyncio.Event] = {}

    def hold(self, text: str) -> asyncio.Event:
        self.held[text] = asyncio.Event()
        return self.held[text]

    async def __call__(self, kind: str, text: str) -> list[tuple[str, str]]:
        self.asked.append((kind, text))
        if text in self.held:
            await self.held[text].wait()
        if kind == "room":
            return [("164800/2.14", "Classroom")]
        word = text.split()[-1].casefold()
        return [(key, name) for key, name in SCHOOLS if word in f"{key} {name}".casefold()]


async def find(desk: Desk, words: str) -> None:
    """Go to a field by its name."""
    await desk.press("ctrl+f")
    await desk.type(words)
    await desk.press("enter")
    await desk.pilot.pause(0.05)


SCHOOL_VALUES: dict[str, Any] = {
    "number": "164800", "name": "Goethe-Gymnasium", "form": "20", "pupils": 1013,
    "latitude": 51.2277, "operating_since": "1959-04-01", "notes": "one\ntwo",
}  # fmt: skip


async def test_answers_only_what_was_changed() -> None:
    async with showing("RecordForm", SCHOOL, SCHOOL_VALUES, title="Edit") as desk:
        await find(desk, "pupils")
        await desk.type("1020")
        await desk.press("ctrl+s")
        assert desk.answer == {"pupils": 1020}


async def test_the_same_value_in_another_notation_is_no_change() -> None:
    values = {"school": "164800", "name": "main", "contract_down_bps": 10**9}
    async with showing("RecordForm", UPLINK, values, title="Edit") as desk:
        await find(desk, "contracted down")
        assert "1 Gbit/s" in desk.text
        await desk.type("1000M")
        await desk.press("ctrl+s")
        assert desk.answer is None


@pytest.mark.parametrize(
    ("field", "typed", "name", "value"),
    [
        ("contracted up", "16.4 Mbit/s", "contract_up_bps", 16_400_000),
        ("contract end", "31.08.2026", "contract_end", "2026-08-31"),
        ("provider", "Stadtnetz", "provider", "Stadtnetz"),
    ],
)
async def test_values_are_read_as_people_write_them(
    field: str, typed: str, name: str, value: object
) -> None:
    async with showing(
        "RecordForm", UPLINK, {"school": "164800", "name": "main"}, title="Edit"
    ) as desk:
        await find(desk, field)
        await desk.type(typed)
        await desk.press("ctrl+s")
        assert desk.answer == {name: value}


@pytest.mark.parametrize("bps", [10**9, 16_400_000, 16_384_000, 999, 12_345_678])
async def test_a_rate_is_never_rounded_by_opening_the_form(bps: int) -> None:
    values = {"school": "164800", "name": "main", "contract_down_bps": bps}
    async with showing("RecordForm", UPLINK, values, title="Edit") as desk:
        text = desk.dialog.row("contract_down_bps").text
        assert UPLINK.field("contract_down_bps").parse(text) == bps


async def test_emptied_values_are_none() -> None:
    async with showing("RecordForm", SCHOOL, SCHOOL_VALUES, title="Edit") as desk:
        await find(desk, "latitude")
        await desk.press("delete")
        await find(desk, "school form")
        await desk.press("delete", "ctrl+s")
        assert desk.answer == {"latitude": None, "form": None}


async def test_a_choice_opens_on_enter_and_typing_searches_it() -> None:
    async with showing(
        "RecordForm", DEVICE, {"school": "164800", "serial": "X"}, title="E"
    ) as desk:
        await find(desk, "kind")
        await desk.press("enter")
        await desk.type("swi")
        await desk.press("enter", "ctrl+s")
        assert desk.answer == {"kind": "switch"}


async def test_bad_text_is_refused_at_the_field_on_leaving_it() -> None:
    async with showing("RecordForm", SCHOOL, SCHOOL_VALUES, title="Edit") as desk:
        await find(desk, "operation since")
        await desk.type("31.02.2026")
        assert "✗" not in desk.text
        await desk.press("tab")
        assert "Operation since wants a date such as 2026-08-31" in desk.text
        await desk.press("ctrl+s")
        assert desk.answer == OPEN
        assert desk.problem == "Not saved: 1 field needs attention."
        assert desk.dialog.row("operating_since").has_focus_within


async def test_required_fields_must_be_filled() -> None:
    async with showing("RecordForm", DEVICE, {}, title="New", new=True) as desk:
        await desk.press("ctrl+s")
        assert desk.answer == OPEN
        assert "Not saved: 2 fields need attention." in desk.text
        assert "Kind must not be empty" in desk.text


async def test_a_device_needs_a_serial_number_or_an_asset_tag() -> None:
    values = {"kind": "ipad", "school": "164800"}
    async with showing("RecordForm", DEVICE, values, title="New", new=True) as desk:
        await desk.press("ctrl+s")
        assert desk.problem == "Not saved: give Serial number or Asset tag."
        await desk.type("DMPX1")
        await desk.press("ctrl+s")
        assert desk.answer == {"kind": "ipad", "school": "164800", "serial": "DMPX1"}


async def test_server_errors_stand_at_their_field_until_it_changes() -> None:
    errors = {"serial": "DMPX1 is taken by a device at 165189", "": "Try again."}
    values = {"kind": "ipad", "school": "164800", "serial": "OLD"}
    async with showing("RecordForm", DEVICE, values, title="E", draft={"serial": "DMPX1"}) as desk:
        desk.dialog.refuse(errors)
        await desk.pilot.pause()
        assert "✗ DMPX1 is taken by a device at 165189" in desk.text
        assert desk.problem == "Try again."
        assert desk.dialog.row("serial").has_focus_within
        await desk.press("ctrl+s")
        assert desk.answer == OPEN
        await desk.type("DMPX2")
        assert "is taken" not in desk.text
        await desk.press("ctrl+s")
        assert desk.answer == {"serial": "DMPX2"}


async def test_escape_asks_only_if_something_changed() -> None:
    async with showing("RecordForm", SCHOOL, SCHOOL_VALUES, title="Edit") as desk:
        await desk.press("escape")
        assert desk.answer is None
    async with showing("RecordForm", SCHOOL, SCHOOL_VALUES, title="Edit") as desk:
        await desk.type("164801")
        await desk.press("escape")
        assert "Discard what you have changed here?" in desk.text
        await desk.press("n")
        assert desk.answer == OPEN
        await desk.press("escape", "y")
        assert desk.answer is None


def _foot(desk: Any) -> str:
    return next(line for line in reversed(desk.text.splitlines()) if "^s" in line or "Esc" in line)


async def test_the_foot_line_names_the_key_that_finds_a_field_where_one_is() -> None:
    values = {"school": "164800", "serial": "X", "notes": "a"}
    async with showing("RecordForm", DEVICE, values, title="E") as desk:
        desk.dialog.row("serial").enter()
        await desk.settle(lambda: " / " in _foot(desk))
        assert "Find a field" in _foot(desk)
        await desk.press("left")  # from here on '/' is a character
        await desk.settle(lambda: "^f" in _foot(desk))
        assert " / " not in _foot(desk)
        await desk.press("slash")
        assert "/" in desk.dialog.row("serial").text
        await desk.press("ctrl+f")
        await desk.settle(lambda: "Go to the field" in _foot(desk))
        assert "Save" not in _foot(desk)
        await desk.press("escape")
        desk.dialog.row("notes").enter()
        await desk.settle(lambda: "^f" in _foot(desk))
        desk.dialog.row("kind").enter()
        await desk.settle(lambda: " / " in _foot(desk))


async def test_a_form_that_opens_again_does_so_at_the_field_it_was_left_at() -> None:
    place = Place()
    values = {"school": "164800", "serial": "X"}
    async with showing("RecordForm", DEVICE, values, title="E", place=place) as desk:
        desk.dialog.row("model").enter()
        await desk.type("iPad 9")
        await desk.press("ctrl+s")
        assert place.field == "model"
    async with showing("RecordForm", DEVICE, values, title="E", place=place) as desk:
        assert desk.dialog.row("model").has_focus_within


async def test_a_refusal_that_names_no_field_leaves_the_cursor_where_it_is() -> None:
    values = {"school": "164800", "serial": "X"}
    async with showing("RecordForm", DEVICE, values, title="E") as desk:
        desk.dialog.row("model").enter()
        desk.dialog.refuse({"": "No connection to the server."})
        await desk.pilot.pause()
        assert desk.problem == "No connection to the server."
        assert desk.dialog.row("model").has_focus_within


async def test_slash_finds_a_field_only_before_one_has_typed() -> None:
    values = {"kind": "ipad", "school": "164800", "serial": "X"}
    async with showing("RecordForm", DEVICE, values, title="Edit") as desk:
        await desk.press("slash")
        await desk.type("room")
        await desk.press("enter")
        await desk.pilot.pause(0.05)
        assert desk.dialog.row("room").has_focus_within
        await desk.type("164800/2.14")
        assert desk.dialog.row("room").text == "164800/2.14"


async def test_a_search_for_no_field_says_so_and_escape_brings_all_back() -> None:
    async with showing("RecordForm", SCHOOL, SCHOOL_VALUES, title="Edit") as desk:
        await desk.press("slash")
        await desk.type("zzz")
        assert "no field of that name" in desk.text
        await desk.press("escape")
        assert "School number" in desk.text
        assert desk.answer == OPEN


async def test_all_fields_of_a_school_are_reached_by_the_arrow_alone() -> None:
    async with showing("RecordForm", SCHOOL, SCHOOL_VALUES, title="Edit") as desk:
        for field in SCHOOL.editable_fields():
            row = desk.dialog.row(field.name)
            assert row.has_focus_within, field.name
            body = desk.dialog.query_one("#body").region
            assert body.contains_region(row.query_one(".line").region), field.name
            await desk.press("down")
        await desk.press("down", "down", "up", "up", "pageup")
        assert not desk.dialog.row("notes").has_focus_within


async def test_notes_keep_their_lines() -> None:
    async with showing("RecordForm", SCHOOL, SCHOOL_VALUES, title="Edit") as desk:
        await find(desk, "notes")
        await desk.press("down", "end", "enter")
        await desk.type("three")
        await desk.press("ctrl+s")
        assert desk.answer == {"notes": "one\ntwo\nthree"}


async def test_suggestions_are_walked_and_taken_by_keys() -> None:
    lookups = Lookups()
    async with showing(
        "RecordForm", DEVICE, {"kind": "ipad", "serial": "X"}, title="E", lookup=lookups
    ) as desk:
        await find(desk, "school")
        await desk.type("gymn")
        await desk.settle(lambda: "Koblenzer" in desk.text)
        await desk.press("down", "down", "enter")
        assert desk.dialog.row("school").text == "165189"
        await desk.press("ctrl+s")
        assert desk.answer == {"school": "165189"}


async def test_a_fast_typist_asks_once_and_late_answers_are_dropped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(lookup, "PAUSE_S", 2.0)  # fast also where the machine is not
    lookups = Lookups()
    late = lookups.hold("koblenz")
    async with showing(
        "RecordForm", DEVICE, {"kind": "ipad", "serial": "X"}, title="E", lookup=lookups
    ) as desk:
        await find(desk, "school")
        await desk.type("koblenz")
        await desk.settle(lambda: len(lookups.asked) == 1)
        await desk.press("ctrl+u")
        await desk.type("goethe")
        await desk.settle(lambda: "Goethe-Gymnasium" in desk.text)
        late.set()
        await desk.pilot.pause(0.1)
        assert "Goethe-Gymnasium" in desk.text
        assert "Koblenzer" not in desk.text
        assert lookups.asked == [("school", "koblenz"), ("school", "goethe")]


async def test_an_answer_after_the_field_was_left_opens_nothing() -> None:
    lookups = Lookups()
    late = lookups.hold("goethe")
    async with showing(
        "RecordForm", DEVICE, {"kind": "ipad", "serial": "X"}, title="E", lookup=lookups
    ) as desk:
        await find(desk, "school")
        await desk.type("goethe")
        await desk.settle(lambda: bool(lookups.asked))
        await desk.press("tab")
        late.set()
        await desk.pilot.pause(0.1)
        assert "Goethe-Gymnasium" not in desk.text


async def test_rooms_are_looked_for_at_the_chosen_school(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lookup, "PAUSE_S", 2.0)
    lookups = Lookups()
    values = {"kind": "ipad", "serial": "X", "school": "164800"}
    async with showing("RecordForm", DEVICE, values, title="E", lookup=lookups) as desk:
        await find(desk, "room")
        await desk.type("2.1")
        await desk.settle(lambda: "164800/2.14" in desk.text)
        assert lookups.asked == [("room", "school:164800 2.1")]
        await desk.press("enter", "ctrl+s")
        assert desk.answer == {"room": "164800/2.14"}


async def test_a_failing_lookup_says_why_and_typing_goes_on() -> None:
    async def offline(_kind: str, _text: str) -> list[tuple[str, str]]:
        raise ConnectionError("no server answers at this address")

    values = {"kind": "ipad", "serial": "X"}
    async with showing("RecordForm", DEVICE, values, title="E", lookup=offline) as desk:
        await find(desk, "school")
        await desk.type("164800")
        await desk.settle(lambda: "No connection to the server" in desk.text)
        await desk.press("escape", "ctrl+s")
        assert desk.answer == {"school": "164800"}


async def test_text_of_records_is_never_markup() -> None:
    values = {"kind": "ipad", "school": "164800", "serial": "[red]X[/", "name": "[@click=app.bell]"}

    async def lookup(_kind: str, _text: str) -> list[tuple[str, str]]:
        return [("[b]1", "[/nonsense]")]

    async with showing("RecordForm", DEVICE, values, title="[bold]T", lookup=lookup) as desk:
        assert "[bold]T" in desk.text
        assert "[red]X[/" in desk.text
        await find(desk, "school")
        await desk.type("1")
        await desk.settle(lambda: "[/nonsense]" in desk.text)


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("kind", EDITABLE, ids=lambda kind: kind.name)
async def test_every_kind_has_a_form_that_fits(kind: Kind, language: str) -> None:
    async with showing("RecordForm", kind, {}, title="New", language=language) as desk:
        assert desk.inside()
        assert len(desk.dialog.rows) == len(kind.editable_fields())


async def test_enter_goes_on_to_the_next_field() -> None:
    async with showing("RecordForm", SCHOOL, SCHOOL_VALUES, title="Edit") as desk:
        await desk.press("enter", "enter")
        assert desk.dialog.row("short_name").has_focus_within
        assert desk.answer == OPEN


async def test_the_saving_key_never_answers_that_changes_be_discarded() -> None:
    async with showing("Confirm", "Edit", "Discard what you have changed here?") as desk:
        assert desk.answer is OPEN
        await desk.press("ctrl+s")
        assert desk.answer is False


async def test_what_cannot_be_is_refused_and_what_is_odd_only_remarked() -> None:
    async with showing("RecordForm", SCHOOL, SCHOOL_VALUES, title="Edit", size=(140, 45)) as desk:
        await find(desk, "latitude")
        await desk.type("999")
        await desk.press("ctrl+s")
        await desk.settle(lambda: "✗ Latitude 999" in desk.text)
        assert desk.answer == OPEN
        await find(desk, "latitude")
        await desk.type("6.77")
        await desk.press("down")
        await desk.settle(lambda: "Latitude is unusual: 6.77; is it right?" in desk.text)
        assert "✗" not in desk.text
        await desk.press("ctrl+s")
        assert desk.answer == {"latitude": 6.77}
