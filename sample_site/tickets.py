"""Tickets of the sample city: reported, answered and closed through the service, as people do.

Which ones there are and what was said is the same in each run; how long ago it was counts from
now, so that some are new and some are due whenever somebody looks.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import replace
from typing import NamedTuple
from zoneinfo import ZoneInfo

from sample_site.dice import Dice
from sample_site.people import person
from sample_site.premises import Row
from schoolops.core.permissions import Actor
from schoolops.db.engine import UnitOfWork
from schoolops.tickets import belonging, intake, service
from schoolops.tickets.schemas import Category, NewTicket

MOST = 60
A_SCHOOL = 3
"""So many at most in a city of few schools."""
SAME = 3
LINKED = 12
"""Every so many tickets, two have to do with each other."""
OLDEST_MIN = 40 * 24 * 60
YOUNGEST_MIN = 12
MINUTE = 60_000_000
TECHNICIANS = (Actor.of("a.klein", "technician"), Actor.of("b.yilmaz", "technician"))

Step = tuple[str, str]
"""What is done (a word of `_do`), and what is said with it."""


class Case(NamedTuple):
    """A report: `kind` of the device it is about, '' for the room alone; its course afterwards."""

    category: Category
    kind: str
    text: str
    done: tuple[Step, ...]


CASES = (
    Case("network", "", "WLAN geht nicht, die ganze Klasse kommt nicht ins Internet",
         (("take", ""), ("answer", "Wir sehen uns das an."),
          ("note", "Access Point hing am falschen Switchport"),
          ("solve", "Der Access Point läuft wieder. Geht es jetzt?"), ("thanks", "Ja, danke!"),
          ("close", ""))),
    Case("device", "board", "Das Board bleibt schwarz, die Lampe blinkt rot",
         (("take", ""), ("answer", "Bitte einmal den Netzstecker für eine Minute ziehen."),
          ("thanks", "Hilft leider nicht."), ("vendor", "Ein Ersatzgerät ist bestellt."),
          ("solve", "Das neue Netzteil ist eingebaut."), ("close", ""))),
    Case("account", "", "Ein Kollege kann sich seit den Ferien nicht anmelden",
         (("answer", "Das Kennwort ist zurückgesetzt; der Zettel liegt im Sekretariat."),
          ("solve", ""), ("close", ""))),
    Case("device", "ipad", "iPad lädt nicht mehr, Kabel ist schon getauscht",
         (("take", ""), ("note", "Akku laut Verwaltung bei 61 %"),
          ("vendor", "Das Gerät geht zur Reparatur."),
          ("solve", "Das reparierte iPad ist zurück im Koffer."), ("close", ""))),
    Case("wish", "", "Könnten wir für die Projektwoche zehn iPads mehr bekommen?",
         (("answer", "Wir prüfen den Bestand und melden uns."), ("take", ""),
          ("solve", "Zwei Koffer kommen am Montag."), ("close", ""))),
    Case("device", "printer", "Drucker meldet Papierstau, es ist aber kein Papier zu sehen",
         (("answer", "Bitte die hintere Klappe öffnen und das Fach ganz herausziehen."),
          ("school", "Hat das geholfen?"), ("thanks", "Ja, da klemmte ein Rest."), ("close", ""))),
    Case("network", "", "Videokonferenzen ruckeln in der dritten Stunde",
         (("take", ""), ("note", "Leitung zu der Zeit bei 90 %"),
          ("answer", "Zu der Zeit laden viele iPads Updates. Das verlegen wir in die Nacht."),
          ("solve", "Updates laufen jetzt nachts."), ("close", ""))),
    Case("device", "apple-tv", "Bild vom iPad kommt nicht auf den Bildschirm",
         (("answer", "Wir haben das Apple TV aus der Ferne neu gestartet."), ("solve", ""),
          ("close", ""))),
    Case("other", "", "Steckdosenleiste im Medienwagen ist locker",
         (("take", ""), ("answer", "Bitte nicht mehr benutzen, wir tauschen sie."),
          ("solve", "Getauscht."), ("close", ""))),
    Case("device", "notebook", "Notebook startet nur noch bis zum Logo",
         (("take", ""), ("answer", "Bitte ins Sekretariat geben, wir holen es ab."),
          ("vendor", "Garantiefall gemeldet."), ("solve", "Neue SSD, Daten waren in der Cloud."),
          ("close", ""))),
    Case("network", "", "Im ganzen Haus kein Internet seit der ersten Stunde",
         (("urgent", ""), ("take", ""), ("answer", "Der Anbieter weiß es und sucht."),
          ("vendor", "Der Bagger hat ein Kabel getroffen, Reparatur bis Mittag."),
          ("solve", "Die Leitung ist wieder da."), ("close", ""))),
    Case("other", "", "test test hallo", (("note", "Scherz"), ("close", ""))),
)  # fmt: skip


class Place(NamedTuple):
    """Where something is reported: keys."""

    school: str
    room: str
    device: str


Places = dict[str, dict[str, list[Place]]]
"""School number → kind of device → where some of that kind stand."""
OF_A_KIND = 6
TEACHING = ("board", "apple-tv", "ipad", "notebook", "access-point")
"""Where one of these stands, there is teaching."""


def remember(places: Places, devices: Iterable[Row]) -> None:
    """Note some devices of each kind that stand in a room."""
    for row in devices:
        if row.get("room"):
            school = str(row["school"])
            found = places.setdefault(school, {}).setdefault(str(row["kind"]), [])
            if len(found) < OF_A_KIND:
                found.append(Place(school, str(row["room"]), str(row["serial"])))


def report(unit: UnitOfWork, seed: int, places: Places) -> int:
    """Write the tickets into a city; answers how many."""
    schools = sorted(
        school for school, kinds in places.items() if not kinds.keys().isdisjoint(TEACHING)
    )
    number = min(MOST, A_SCHOOL * len(schools))
    made: list[str] = []
    for at in range(number - 1, -1, -1):  # the oldest has the lowest number
        dice = Dice(seed, "ticket", at)
        # The three youngest are about one room: they join each other.
        case = CASES[0] if at < SAME else CASES[at % len(CASES)]
        place = _place(Dice(seed, "place") if at < SAME else dice, case, schools, places)
        made.append(_one(unit, dice, case, place, max(0, at - SAME + 1) / number))
    again = zip(made, made[len(CASES) :], strict=False)  # the same trouble elsewhere, later
    for first, second in list(again)[::LINKED]:
        belonging.link(replace(unit, actor=TECHNICIANS[0]), second, first)
    return number


def _place(dice: Dice, case: Case, schools: list[str], places: Places) -> Place:
    kinds = places[dice.pick(schools)]
    there = kinds.get(case.kind) or next(kinds[kind] for kind in TEACHING if kind in kinds)
    place = dice.pick(there)
    return place if case.kind in kinds else place._replace(device="")


def _one(unit: UnitOfWork, dice: Dice, case: Case, place: Place, share: float) -> str:
    """One report and its course; `share`: 0.0 is the youngest. Answers its id."""
    zone = ZoneInfo(unit.store.settings.timezone)
    minutes = YOUNGEST_MIN + share**2 * OLDEST_MIN * dice.between(0.8, 1.0)
    begun = _in_lessons(unit.now - int(minutes * MINUTE), zone, dice)
    teacher = Actor.of(person(dice).email("x").partition("@")[0], "teacher", schools=[place.school])
    technician = dice.pick(TECHNICIANS)
    told_by = person(dice).name if dice.chance(0.3) else ""
    new = NewTicket(
        school=place.school, room=place.room, device=place.device, text=case.text,
        category=case.category, via="phone" if told_by else "web", name=told_by,
    )  # fmt: skip
    by = technician if told_by else teacher
    id = str(intake.report(replace(unit, actor=by, now=begun), new)["id"])
    steps = _course(dice, case, share)
    for at, (what, text) in enumerate(steps, start=1):
        # Quick at first, as it is; and never later than now.
        moment = begun + int((unit.now - begun) * (at / (len(steps) + 1)) ** 3)
        moment = min(unit.now, _at_work(moment, zone))
        actor = by if what == "thanks" else technician
        _do(replace(unit, actor=actor, now=moment), id, what, text)
    return id


def _in_lessons(moment: int, zone: ZoneInfo, dice: Dice) -> int:
    """That time, or one in the lessons before; UTC microseconds."""
    local = dt.datetime.fromtimestamp(moment / 1e6, zone)
    if local.weekday() < 5 and 8 <= local.hour < 14:
        return moment
    local = local.replace(hour=8, minute=0, second=0, microsecond=0)
    if local.timestamp() * 1e6 + 6 * 60 * MINUTE > moment:
        local -= dt.timedelta(days=1)
    while local.weekday() >= 5:
        local -= dt.timedelta(days=1)
    return int(local.timestamp() * 1e6) + dice.below(6 * 60) * MINUTE


def _at_work(moment: int, zone: ZoneInfo) -> int:
    """That time, or the next morning of work."""
    local = dt.datetime.fromtimestamp(moment / 1e6, zone)
    if local.weekday() < 5 and 7 <= local.hour < 17:
        return moment
    morning = local.replace(hour=7, minute=30, second=0, microsecond=0)
    while morning <= local or morning.weekday() >= 5:
        morning += dt.timedelta(days=1)
    return int(morning.timestamp() * 1e6)


def _course(dice: Dice, case: Case, share: float) -> tuple[Step, ...]:
    """How far it has come: the young ones are new, most old ones are done."""
    known = 1 if case.done[0][0] == "urgent" else 0
    if share < 0.2:
        return case.done[:known]
    if share < 0.55:
        return case.done[: known + 2 + dice.below(len(case.done) - known - 2)]
    return case.done if dice.chance(0.9) else case.done[:-1]


def _do(unit: UnitOfWork, id: str, what: str, text: str) -> None:
    if what == "take":
        service.assign(unit, id, unit.actor.name)
    elif what == "urgent":
        service.prioritise(unit, id, "P1")
    elif what == "note":
        service.reply(unit, id, text, internal=True)
    elif what in ("answer", "thanks"):
        service.reply(unit, id, text)
    elif what in ("school", "vendor"):
        service.wait(unit, id, what, text)
    elif what == "solve":
        service.solve(unit, id, text)
    else:
        service.close(unit, id, text)
