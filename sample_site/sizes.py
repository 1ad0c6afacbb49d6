"""How big a school of each form is: pupils, classes, rooms, iPads, access points.

The figures are invented so that the 150 schools of the city's authority come to about 4,300
rooms, 6,000 access points and 40,000 iPads, and the 174 of the list to about 90,000 pupils.
"""

from __future__ import annotations

from dataclasses import dataclass

from sample_site.dice import Dice


@dataclass(frozen=True, slots=True)
class Form:
    """Averages of a school form."""

    pupils: float
    per_class: float
    ipads: float  # per pupil
    rooms: float  # classrooms per class: part-time classes share one
    secondary: bool = True
    workshops: float = 0.0  # per class


_FORMS = {
    "02": Form(244, 23.4, 0.54, 1.0, secondary=False),
    "04": Form(270, 19.0, 0.89, 1.0, workshops=0.08),
    "08": Form(149, 10.5, 0.97, 0.9, workshops=0.06),
    "10": Form(502, 26.5, 0.75, 0.9),
    "15": Form(913, 26.5, 0.75, 0.9),
    "17": Form(401, 30.0, 0.27, 1.0),
    "20": Form(810, 27.0, 0.70, 0.9),
    "25": Form(484, 19.0, 0.34, 0.6),
    "30": Form(1630, 21.5, 0.34, 0.5, workshops=0.05),
    "83": Form(83, 6.0, 1.08, 0.8, secondary=False),
}
_KITA = Form(70, 20.0, 0.16, 1.2, secondary=False)


@dataclass(frozen=True, slots=True)
class Size:
    """What one school has."""

    form: Form
    pupils: int
    classes: int
    rooms: dict[str, int]  # kind → how many
    access_points: int
    ipads: int

    @property
    def room_count(self) -> int:
        return sum(self.rooms.values())


def size_of(dice: Dice, form_key: str, institution: str, scale: float) -> Size:
    """Draw a school's size; `scale` makes it so many times as big."""
    form = _KITA if institution == "kita" else _FORMS.get(form_key, _FORMS["02"])
    pupils = max(12, round(form.pupils * dice.around(1.0, 0.55) * scale))
    classes = max(2, round(pupils / form.per_class))
    rooms = _rooms(form, classes)
    count = sum(rooms.values())
    access_points = max(2, round(count * dice.around(1.395, 0.18)))
    ipads = max(4, round(pupils * form.ipads * dice.around(1.0, 0.3)))
    return Size(form, pupils, classes, rooms, access_points, ipads)


def _rooms(form: Form, classes: int) -> dict[str, int]:
    rooms = {
        "classroom": max(2, round(classes * form.rooms)),
        "office": 2 if classes > 8 else 1,
        "staff-room": 1 + classes // 40,
        "hall": 1,
        "gym": 1 + (classes // 36),
        "library": 1 if classes > 9 else 0,
        "science": round(classes * 0.11) if form.secondary else 0,
        "computer-room": (1 + classes // 24) if form.secondary else 0,
        "workshop": round(classes * form.workshops),
        "corridor": 1 + classes // 20,
        "other": 1,
    }
    blocks = building_count(sum(rooms.values()))
    rooms["server-room"] = blocks
    return {kind: n for kind, n in rooms.items() if n}


def building_count(rooms: int) -> int:
    """Buildings of a school with so many rooms."""
    return 1 + rooms // 26
