"""The sample city: real schools, and everything else invented by chance from a seed.

`build_city` makes plain values in the vocabulary of `inventory.kinds` and knows no database:
values are parsed, references are keys. The same seed gives the same city on every machine, and
a school looks the same whether the whole city is built or four schools of it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from inventory.fields import Value
from sample_site.dice import Dice, Plates
from sample_site.equipment.model import HOSTS_PER_SCHOOL, loopback_address, loopback_network
from sample_site.furnish import Furnisher
from sample_site.hardware import WLAN_SYSTEMS
from sample_site.lines import lines_of
from sample_site.office import CREDENTIALS, SERVICES, contacts_of, own_services
from sample_site.premises import Row, lay_out
from sample_site.schools import AUTHORITY, listed_schools
from sample_site.sizes import size_of

SEED = 1
MAX_SCALE = 20.0
ORDER = ("school", "site", "building", "room", "credential", "device", "uplink", "service",
         "contact")  # fmt: skip
"""Kinds in the order in which references can be resolved."""
CENTRES = ("Nord", "Ost", "Süd", "West", "Mitte")
_LINE_NETWORKS = 4096
"""Networks from here on are those of what lies behind the school lines."""

OTHERS: tuple[Row, ...] = (
    {"number": "KITA-01", "name": "Kita Wirbelwind (Beispiel)", "short_name": "Kita Wirbelwind",
     "institution": "kita", "ownership": "public", "operating": "open",
     "operator": "Amt für Kinder (Beispiel)", "city": "Düsseldorf",
     "latitude": 51.2318, "longitude": 6.7843},
    {"number": "KITA-02", "name": "Kita Rheinkiesel (Beispiel)", "short_name": "Kita Rheinkiesel",
     "institution": "kita", "ownership": "public", "operating": "open",
     "operator": "Amt für Kinder (Beispiel)", "city": "Düsseldorf",
     "latitude": 51.1954, "longitude": 6.7466},
    {"number": "UNI-01", "name": "Hochschule am Strom (Beispiel)",
     "short_name": "Hochschule am Strom", "institution": "university", "ownership": "public",
     "operating": "open", "operator": "Land (Beispiel)", "city": "Düsseldorf",
     "latitude": 51.2467, "longitude": 6.7911},
)  # fmt: skip
"""Invented institutions. They have no municipality key, so the list's 174 stay countable."""


@dataclass(frozen=True, slots=True)
class Part:
    """Everything of one school, or (`school` '') what belongs to the whole city."""

    school: str
    rows: dict[str, list[Row]]
    system: str = ""  # the school's WLAN system, for whoever picks a mixture

    def of(self, kind: str) -> list[Row]:
        """The rows of a kind; a device comes after the one it is connected to."""
        return self.rows.get(kind, [])


@dataclass(frozen=True)
class City:
    """A city to be read part by part (`parts`, memory of one school) or at once (`rows`)."""

    seed: int
    scale: float
    schools: tuple[tuple[int, Row], ...]  # place in the list, values

    def parts(self) -> Iterator[Part]:
        """The city-wide part, then school after school."""
        yield Part("", {"credential": list(CREDENTIALS), "service": list(SERVICES)})
        for place, school in self.schools:
            yield self._part(place, school)

    @cached_property
    def _all(self) -> dict[str, list[Row]]:
        found: dict[str, list[Row]] = {kind: [] for kind in ORDER}
        for part in self.parts():
            for kind, rows in part.rows.items():
                found[kind].extend(rows)
        return found

    def rows(self, kind: str) -> Iterator[Row]:
        """All rows of a kind (a name of `ORDER`); the city is built once and kept."""
        return iter(self._all[kind])

    def counts(self) -> dict[str, int]:
        """How many rows of each kind, and of each kind of device."""
        counts = {kind: len(rows) for kind, rows in self._all.items()}
        kinds = Counter(str(row["kind"]) for row in self._all["device"])
        return counts | dict(sorted(kinds.items()))

    def _part(self, place: int, listed: Row) -> Part:
        number, seed = str(listed["number"]), self.seed
        institution = str(listed["institution"])
        if listed.get("operating") == "closed":
            premises = lay_out(Dice(seed, number, "premises"), dict(listed), None)
            return Part(number, {"school": [dict(listed)], "site": premises.sites})
        size = size_of(
            Dice(seed, number, "size"), str(listed.get("form", "")), institution, self.scale
        )
        ours = listed.get("authority") == AUTHORITY or institution == "kita"
        school = dict(listed)
        if institution != "university":
            school["pupils"], school["classes"] = size.pupils, size.classes
        if listed.get("authority") == AUTHORITY:
            school |= _opening(Dice(seed, number, "opening"))
        premises = lay_out(
            Dice(seed, number, "premises"), school, size if ours else None, _centre(place)
        )
        rows: dict[str, list[Row]] = {
            "school": [school],
            "site": premises.sites,
            "building": premises.buildings,
            "room": premises.rooms,
            "contact": contacts_of(Dice(seed, number, "contacts"), number, institution),
        }
        router: str | None = None
        system = Dice(seed, number, "system").pick(WLAN_SYSTEMS)
        if ours:
            stride = self._stride
            networks = [loopback_network(place * stride + i) for i in range(stride)]
            premises.sites[0]["networks"] = " ".join(networks)
            furnisher = Furnisher(
                Dice(seed, number, "devices"), Plates(seed, place), school, place * stride, stride
            )
            router = str(furnisher.network(premises, size, system)["serial"])
            furnisher.rooms(premises, size)
            furnisher.ipads(premises, size)
            rows["device"] = furnisher.rows
            rows["service"] = own_services(
                Dice(seed, number, "services"), number, str(school["short_name"]),
                size.form.secondary,
            )  # fmt: skip
        rows["uplink"] = lines_of(Dice(seed, number, "lines"), number, router)
        return Part(number, rows, system.name if ours else "")

    @property
    def _stride(self) -> int:
        """Networks of 510 addresses that a school gets."""
        return max(1, round(self.scale + 0.49))

    def line_address(self, school: str, line: int) -> str:
        """Where the far end of a school's line (its place among the uplinks) is simulated."""
        return loopback_address(_LINE_NETWORKS + self._place(school), line + 1)

    def spare_address(self, school: str) -> str:
        """The last address of the school's networks: no device of the inventory has it."""
        last = (self._place(school) + 1) * self._stride - 1
        return loopback_address(last, HOSTS_PER_SCHOOL)

    def _place(self, school: str) -> int:
        return next(place for place, row in self.schools if row["number"] == school)


def build_city(
    seed: int = SEED, scale: float = 1.0, schools: int | Sequence[str] | None = None
) -> City:
    """Describe a city; nothing is built before it is read.

    `scale` makes every school so many times as big (0.01 … 20). `schools` is how many of the
    list, or their numbers; None is all of them and the three invented institutions.
    Raises ValueError with a sentence.
    """
    if not 0.01 <= scale <= MAX_SCALE:
        raise ValueError(f"the scale must be between 0.01 and {MAX_SCALE:g}, not {scale:g}")
    listed = listed_schools()
    places = list(enumerate((*listed, *OTHERS)))
    if isinstance(schools, int):
        if not 1 <= schools <= len(listed):
            raise ValueError(f"there are 1 to {len(listed)} schools to choose, not {schools}")
        chosen = _mixture(schools)
        places = [(place, row) for place, row in places if row["number"] in chosen]
    elif schools is not None:
        wanted = set(schools)
        places = [(place, row) for place, row in places if row["number"] in wanted]
        missing = wanted - {str(row["number"]) for _, row in places}
        if missing:
            raise ValueError(f"the sample city has no school {', '.join(sorted(missing))}")
    return City(seed, scale, tuple(places))


def _mixture(count: int) -> frozenset[Value]:
    """So many schools, form after form, those with equipment first."""
    chosen: list[Value] = []
    for ours in (True, False):
        forms: dict[str, list[Value]] = {}
        for row in listed_schools():
            if (row["authority"] == AUTHORITY) is ours:
                forms.setdefault(str(row["form"]), []).append(row["number"])
        queues = [forms[form] for form in sorted(forms)]
        for turn in range(max(map(len, queues))):
            chosen += [queue[turn] for queue in queues if turn < len(queue)]
    return frozenset(chosen[:count])


def _centre(place: int) -> str:
    """The Smart School Centre in the school at that place of the list, or ''."""
    hosts = [
        i
        for i, row in enumerate(listed_schools())
        if row["authority"] == AUTHORITY and row["form"] in ("15", "20", "30")
    ]
    chosen = hosts[:: len(hosts) // len(CENTRES)][: len(CENTRES)]
    return f"Smart School Centre {CENTRES[chosen.index(place)]}" if place in chosen else ""


def _opening(dice: Dice) -> Row:
    hour = dice.pick(("7:00", "7:15", "7:30"))
    keys = dice.pick((
        "Hausmeister; Schlüsselkasten am Tor", "Sekretariat, sonst Hausmeister",
        "Generalschlüssel im Schlüsseltresor", "Anmeldung beim Hausmeister",
    ))  # fmt: skip
    return {"opening_hours": f"Mo–Do {hour}–16:00, Fr {hour}–14:00", "keys": keys}
