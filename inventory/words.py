"""German words for choices: what German spreadsheets and German typists write for a stored word.

Labels in `inventory.kinds` are English or the state's own names; this is the other half, so that
`Klassenraum`, `Classroom` and `classroom` are one choice in a file, a form and a filter.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from inventory.choices import DEVICE_KINDS
from inventory.fields import Field, Type, fold
from inventory.kinds import device_plural
from inventory.sentences import Sentence, join, say

GERMAN_CHOICES: Mapping[str, str] = MappingProxyType({
    # health, freshness
    "ausgefallen": "down", "gestoert": "down", "warnung": "warning", "unbekannt": "unknown",
    "frisch": "fresh", "veraltet": "stale", "nie": "never",
    # schools
    "schule": "school", "hochschule": "university", "universitaet": "university",
    "volkshochschule": "adult-education", "studienseminar": "study-seminar",
    "berufsbildend": "vocational", "oeffentlich": "public", "privat": "private",
    "offen": "open", "geoeffnet": "open", "in gruendung": "founding", "gruendung": "founding",
    "auslaufend": "expiring", "geschlossen": "closed", "besonders": "special",
    # sites, rooms
    "hauptstandort": "main", "nebenstandort": "branch", "teilstandort": "branch",
    "dependance": "branch", "verwaltung": "office", "buero": "office",
    "klassenraum": "classroom", "klassenzimmer": "classroom", "unterrichtsraum": "classroom",
    "fachraum": "science", "naturwissenschaften": "science", "computerraum": "computer-room",
    "pc raum": "computer-room", "lehrerzimmer": "staff-room", "bibliothek": "library",
    "buecherei": "library", "mediothek": "library", "aula": "hall", "mensa": "hall",
    "turnhalle": "gym", "sporthalle": "gym", "werkstatt": "workshop", "werkraum": "workshop",
    "serverraum": "server-room", "flur": "corridor", "sonstige": "other", "sonstiges": "other",
    "andere": "other",
    # devices
    "tablet": "ipad", "rechner": "pc", "computer": "pc", "desktop": "pc", "laptop": "notebook",
    "ap": "access-point", "accesspoint": "access-point", "zugangspunkt": "access-point",
    "wlan access point": "access-point", "wlc": "wlan-controller",
    "controller": "wlan-controller", "tafel": "board", "interaktive tafel": "board",
    "digitale tafel": "board", "whiteboard": "board", "drucker": "printer",
    "agentenbox": "agent-box", "nicht abgefragt": "none",
    # uplinks
    "geplant": "planned", "am strassenrand": "at-kerb", "liegt an": "at-kerb",
    "aktiv": "active", "in betrieb": "active", "beendet": "ended", "gekuendigt": "ended",
    "glasfaser": "fibre", "glas": "fibre", "lwl": "fibre", "kabel": "cable", "koax": "cable",
    "vdsl": "dsl", "mobilfunk": "mobile", "lte": "mobile", "5g": "mobile",
    "richtfunk": "radio", "satellit": "satellite",
    # services
    "vor ort": "on-premises", "lokal": "on-premises", "hybrid": "hybrid",
    "nicht geplant": "none", "keine": "none", "laeuft": "running", "laufend": "running",
    "fertig": "done", "abgeschlossen": "done",
    # contacts, agents
    "schulleitung": "head", "schulleiter": "head", "schulleiterin": "head", "leitung": "head",
    "sekretariat": "secretary", "sekretaerin": "secretary", "sekretaer": "secretary",
    "medienbeauftragte": "media-coordinator", "medienbeauftragter": "media-coordinator",
    "medienkoordination": "media-coordinator", "hausmeister": "caretaker",
    "hausmeisterin": "caretaker", "techniker": "technician", "technikerin": "technician",
    "eingeladen": "invited", "stumm": "silent", "doppelt": "cloned", "gesperrt": "revoked",
})  # fmt: skip
"""Folded German word → stored choice; it counts only where the field has that choice."""


def _plain(text: str) -> str:
    return re.sub(r"[\s_\-.]+", " ", fold(text)).strip()


_DEVICE_PLURALS = {_plain(device_plural(name)): name for name in DEVICE_KINDS}


def find_choice(field: Field, text: str) -> str | None:
    """The stored choice that a word means: key, label, German word or device plural; or None."""
    word = _plain(text)
    for key, label in field.choices.items():
        if word in (_plain(key), _plain(label)):
            return key
    if word.isdigit() and word.zfill(2) in field.choices:  # spreadsheets turn 02 into 2
        return word.zfill(2)
    for words in (GERMAN_CHOICES, _DEVICE_PLURALS):
        choice = words.get(word)
        if choice is not None and choice in field.choices:
            return choice
    return None


def choices_like(field: Field, pieces: Sequence[str]) -> tuple[str, ...]:
    """The stored choices whose key or label has these pieces with anything between them."""
    regex = re.compile(".*".join(re.escape(fold(piece)) for piece in pieces))
    return tuple(
        key
        for key, label in field.choices.items()
        if regex.fullmatch(fold(key)) or regex.fullmatch(fold(label))
    )


def known_choices(field: Field) -> Sentence:
    """'02 (Grundschule), 04 (Hauptschule)' or 'ok, down': the choices for an error message."""
    if field.type is Type.BOOLEAN:
        return say("yes, no")
    return join(
        (
            key
            if _plain(key) == _plain(label)
            else say("{choice} ({label})", choice=key, label=say(label))
            for key, label in field.choices.items()
        ),
        ", ",
    )
