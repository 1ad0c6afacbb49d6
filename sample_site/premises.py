"""Sites, buildings and rooms of one school."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from inventory.fields import Value
from sample_site.dice import Dice, spread
from sample_site.sizes import Size

Row = dict[str, Value]

_BUILDINGS = ("Altbau", "Neubau", "Pavillon", "Haus D", "Haus E", "Haus F", "Haus G", "Haus H")
_BRANCH_STREETS = ("Gartenstr.", "Mühlenweg", "Schulstr.", "Am Anger", "Feldstr.", "Birkenweg")
_SEATS = {
    "classroom": (24, 33), "science": (24, 32), "computer-room": (16, 31), "staff-room": (18, 60),
    "office": (1, 4), "library": (12, 40), "hall": (90, 320), "workshop": (12, 20),
    "other": (4, 16),
}  # fmt: skip
_YEARS = spread((1906, 2), (1928, 1), (1956, 3), (1964, 4), (1972, 4), (1988, 1), (2004, 1),
                (2017, 2), (2023, 1))  # fmt: skip
_ABOVE = ("EG", "1. OG", "2. OG", "3. OG")
_PLACE = ("street", "postcode", "city", "latitude", "longitude")
PER_FLOOR = 10


@dataclass(slots=True)
class Premises:
    """The rows of a school's sites, buildings and rooms, and where its rooms are."""

    sites: list[Row] = field(default_factory=list)
    buildings: list[Row] = field(default_factory=list)
    rooms: list[Row] = field(default_factory=list)
    by_building: list[list[str]] = field(default_factory=list)  # keys of rooms
    closets: list[str] = field(default_factory=list)  # each building's server room

    def keys(self, *kinds: str) -> list[str]:
        """Keys of the rooms of these kinds."""
        return [f"{r['school']}/{r['name']}" for r in self.rooms if r["kind"] in kinds]


def lay_out(dice: Dice, school: Row, size: Size | None, centre: str = "") -> Premises:
    """Put up a school. `size` None: nothing but its main site is known to the city.

    `centre` is the name of the Smart School Centre that is housed there.
    """
    number = str(school["number"])
    main = "Hauptstandort"
    premises = Premises()
    place: Row = {name: school[name] for name in _PLACE if name in school}
    premises.sites.append({"school": number, "name": main, "kind": "main", **place})
    if size is None:
        return premises
    blocks = max(1, size.rooms.get("server-room", 1))
    branch = ""
    if blocks > 1 and dice.chance(0.32):
        branch = "Nebenstandort"
        premises.sites.append(_branch(dice, number, branch, "branch", place))
    if centre:
        premises.sites.append(_branch(dice, number, centre, "smart-school-centre", place))
    kinds = _shuffled(dice, size)
    for block in range(blocks):
        site = branch if branch and block == blocks - 1 else main
        name = _BUILDINGS[block] if block < len(_BUILDINGS) else f"Haus {block + 1}"
        premises.buildings.append({
            "school": number, "name": name, "site": f"{number}/{site}", "built": dice.pick(_YEARS),
        })  # fmt: skip
        letter = "" if blocks == 1 else (chr(65 + block) if block < 26 else f"H{block + 1}-")
        _fill(dice, premises, number, name, letter, kinds[block::blocks])
    return premises


def _branch(dice: Dice, number: str, name: str, kind: str, place: Row) -> Row:
    row: Row = {"school": number, "name": name, "kind": kind, **place}
    row["street"] = f"{dice.pick(_BRANCH_STREETS)} {1 + dice.below(90)}"
    for axis in ("latitude", "longitude"):
        if axis in place:
            row[axis] = round(float(str(place[axis])) + dice.between(-0.008, 0.008), 6)
    return row


def _shuffled(dice: Dice, size: Size) -> list[str]:
    """The school's rooms but the server rooms, in chance's order."""
    kinds = [kind for kind, n in size.rooms.items() if kind != "server-room" for _ in range(n)]
    for i in range(len(kinds) - 1, 0, -1):
        j = dice.below(i + 1)
        kinds[i], kinds[j] = kinds[j], kinds[i]
    return kinds


def _fill(
    dice: Dice, premises: Premises, number: str, building: str, letter: str, kinds: Sequence[str]
) -> None:
    key = f"{number}/{building}"
    closet = f"{letter}U.01"
    premises.rooms.append({
        "school": number, "name": closet, "kind": "server-room", "building": key, "floor": "UG",
    })  # fmt: skip
    premises.closets.append(f"{number}/{closet}")
    keys = []
    for i, kind in enumerate(kinds):
        floor, place = divmod(i, PER_FLOOR)
        name = f"{letter}{floor}.{place + 1:02d}"
        row: Row = {
            "school": number, "name": name, "kind": kind, "building": key,
            "floor": _ABOVE[floor] if floor < len(_ABOVE) else f"{floor}. OG",
        }  # fmt: skip
        if kind in _SEATS:
            low, high = _SEATS[kind]
            row["seats"] = low + dice.below(high - low)
        premises.rooms.append(row)
        keys.append(f"{number}/{name}")
    premises.by_building.append(keys)
