"""The devices of one school: network first, then what people use."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from inventory.fields import Value
from sample_site.dice import Dice, Plates
from sample_site.equipment.model import HOSTS_PER_SCHOOL, loopback_address
from sample_site.hardware import (
    APPLE_TVS,
    AS_OF,
    BOARDS,
    IPADS,
    NOTEBOOKS,
    PCS,
    PRINTERS,
    ROUTERS,
    SERVERS,
    SWITCHES,
    TEACHER_IPADS,
    Model,
    WlanSystem,
)
from sample_site.people import person
from sample_site.premises import Premises, Row
from sample_site.sizes import Size

SNMP_CREDENTIAL = "Schulnetz SNMP"
CONSOLE_CREDENTIAL = "UniFi-Konsolen"
ACCESS_POINTS_PER_SWITCH = 13
_COURSES = ("BFS", "HBF", "FOS", "WG", "BS")
_FIRST_YEAR = 2019
_DAYS = tuple(
    (dt.date(_FIRST_YEAR, 1, 1) + dt.timedelta(days=n)).isoformat() for n in range(14 * 366)
)
_YEAR_STARTS = tuple(
    (dt.date(year, 1, 1) - dt.date(_FIRST_YEAR, 1, 1)).days for year in range(_FIRST_YEAR, 2033)
)
_LAST_DAY = _DAYS.index(AS_OF)
_WIDE_ROOMS = ("hall", "hall", "hall", "gym", "gym", "library", "staff-room", "computer-room")


class Furnisher:
    """Furnishes one school; `rows` grows device by device, what others hang on first."""

    def __init__(self, dice: Dice, plates: Plates, school: Row, network: int, stride: int) -> None:
        self.dice = dice
        self.plates = plates
        self.number = str(school["number"])
        self.rows: list[Row] = []
        self._network = network
        self._stride = stride
        self._hosts = 0

    def device(self, model: Model, name: str, room: str | None = None, **more: Value) -> Row:
        """Add one device with its plates, dates and version."""
        dice, plates = self.dice, self.plates
        plates.next()
        mac = plates.mac(dice.pick(model.ouis))
        macs: tuple[str, ...] = (mac,)
        if model.second_oui:
            macs = (mac, plates.mac(model.second_oui))
        if model.vendor == "Ubiquiti":  # their serial is the address
            serial = mac.replace(":", "").upper()
        elif model.vendor == "LANCOM":
            serial = f"{model.prefixes[0]}{plates.unique:010d}"
        else:
            serial = plates.letters(dice.pick(model.prefixes), model.suffix)
        start = _YEAR_STARTS[model.years[0] - _FIRST_YEAR]
        end = min(_YEAR_STARTS[model.years[1] + 1 - _FIRST_YEAR], _LAST_DAY)
        bought = start + dice.below(end - start)
        row: Row = {
            "kind": model.kind,
            "name": name,
            "serial": serial,
            "asset_tag": plates.asset_tag(),
            "vendor": model.vendor,
            "model": model.model,
            "school": self.number,
            "macs": macs,
            "firmware": dice.pick(model.firmware),
            "purchased": _DAYS[bought],
            "warranty_until": _DAYS[bought + 365 * model.warranty_years],
        }
        if room is not None:
            row["room"] = room
        if more:
            row.update(more)
        self.rows.append(row)
        return row

    def address(self) -> str:
        """The next management address of the school's network."""
        block, host = divmod(self._hosts, HOSTS_PER_SCHOOL)
        if block >= self._stride:
            raise ValueError(f"school {self.number} has more devices than addresses")
        self._hosts += 1
        return loopback_address(self._network + block, host + 1)

    # -- network ---------------------------------------------------------------------------

    def network(self, premises: Premises, size: Size, system: WlanSystem) -> Row:
        """Router, controller, switches and access points; answers the router."""
        dice, n = self.dice, self.number
        router = self._managed(dice.pick(ROUTERS), f"{n}-rt-01", premises.closets[0])
        root = str(router["serial"])
        shares = _shares(size.access_points, [len(rooms) for rooms in premises.by_building])
        model = dice.pick(SWITCHES)
        core = self._managed(model, f"{n}-sw-01", premises.closets[0], root)
        core_key = str(core["serial"])
        if system.controller is not None:
            self._managed(system.controller, f"{n}-wlc-01", premises.closets[0], core_key)
        number = 1
        plan: list[tuple[int, int, list[str]]] = []
        for block, share in enumerate(shares):
            switches = [core_key] if block == 0 else []
            wanted = max(1, -(-share // ACCESS_POINTS_PER_SWITCH)) + (block == 0)
            while len(switches) < wanted:
                number += 1
                name = f"{n}-sw-{number:02d}"
                switch = self._managed(model, name, premises.closets[block], core_key)
                switches.append(str(switch["serial"]))
            plan.append((block, share, switches))
        self._access_points(premises, system.access_point, plan)
        return router

    def _access_points(
        self, premises: Premises, model: Model, plan: Sequence[tuple[int, int, list[str]]]
    ) -> None:
        number = 0
        kinds = {f"{r['school']}/{r['name']}": r["kind"] for r in premises.rooms}
        for block, share, switches in plan:
            rooms = premises.by_building[block]
            wide = [r for kind in _WIDE_ROOMS for r in rooms if kinds[r] == kind]
            places = (rooms + wide) * (1 + share // max(1, len(rooms)))
            for i in range(share):
                number += 1
                self._managed(
                    model, f"{self.number}-ap-{number:03d}", places[i], switches[i % len(switches)]
                )

    def _managed(self, model: Model, name: str, room: str, parent: str = "") -> Row:
        more: Row = {"address": self.address(), "management": model.management}
        if parent:
            more["parent"] = parent
        if model.management == "snmp":
            more["credential"] = SNMP_CREDENTIAL
        elif model.management == "unifi":
            more["credential"] = CONSOLE_CREDENTIAL
        return self.device(model, name, room, **more)

    # -- what people use -------------------------------------------------------------------

    def rooms(self, premises: Premises, size: Size) -> None:
        """Boards, Apple TVs, PCs, printers, servers where they belong."""
        dice, n = self.dice, self.number
        board = dice.pick(BOARDS)
        for room in premises.keys("classroom", "science"):
            short = room.partition("/")[2]
            if dice.chance(0.24):
                self.device(board, f"Tafel {short}", room)
            elif dice.chance(0.42):
                self.device(dice.pick(APPLE_TVS), f"Apple TV {short}", room)
        pc = dice.pick(PCS)
        for room in premises.keys("computer-room"):
            for seat in range(5 + dice.below(8)):
                self.device(pc, f"{n}-pc-{room.partition('/')[2]}-{seat + 1:02d}", room)
        for i, room in enumerate(premises.keys("office", "staff-room")):
            if dice.chance(0.6):
                self.device(
                    dice.pick(PRINTERS), f"{n}-pr-{i + 1:02d}", room, address=self.address()
                )
            if dice.chance(0.7):
                self.device(dice.pick(NOTEBOOKS), f"{n}-nb-{i + 1:02d}", room)
        if size.form.secondary and dice.chance(0.7):
            self.device(
                dice.pick(SERVERS), f"{n}-srv-01", premises.closets[0], address=self.address()
            )

    def ipads(self, premises: Premises, size: Size) -> None:
        """iPads of teachers, on loan to pupils, and in the cases that go from room to room."""
        dice, n = self.dice, self.number
        teachers = size.ipads // 9
        loans = (size.ipads - teachers) * (6 if size.form.secondary else 1) // 10
        homes = premises.keys("classroom") or premises.closets
        for i in range(size.ipads):
            name = f"{n}-ipad-{i + 1:04d}"
            if i < teachers:
                self.device(
                    dice.pick(TEACHER_IPADS), name, owner=f"{person(dice).listed} (Lehrkraft)"
                )
            elif i < teachers + loans:
                owner = f"{person(dice).listed} ({_class_name(dice, size)})"
                self.device(dice.pick(IPADS), name, owner=owner)
            else:
                case = (i - teachers - loans) // 16
                self.device(
                    dice.pick(IPADS), name, homes[case % len(homes)], owner=f"Koffer {case + 1}"
                )


def _class_name(dice: Dice, size: Size) -> str:
    if not size.form.secondary:
        return f"{3 + dice.below(2)}{_letter(dice, size.classes // 4)}"
    if size.form.workshops and size.form.pupils > 1000:
        return f"{dice.pick(_COURSES)}{25 + dice.below(2)}{_letter(dice, 2).upper()}"
    return f"{5 + dice.below(6)}{_letter(dice, size.classes // 6)}"


def _letter(dice: Dice, parallel: int) -> str:
    return "abcdef"[dice.below(min(6, max(1, parallel)))]


def _shares(total: int, weights: Sequence[int]) -> list[int]:
    """Share out `total` by weight, nothing left over."""
    whole = max(1, sum(weights))
    shares = [total * weight // whole for weight in weights]
    for i in range(total - sum(shares)):
        shares[i % len(shares)] += 1
    return shares
