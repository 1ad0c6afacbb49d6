"""What stands in the schools: models with their years, prefixes of serials and MACs, versions.

Network devices are pairs of the simulated equipment's catalogue, so that every one of them can
answer over its real protocol. The mixture is invented and believable, no statistics of a city.
"""

from __future__ import annotations

from dataclasses import dataclass

from sample_site.dice import local, spread
from sample_site.equipment.catalogue import BY_NAME

AS_OF = "2026-11-01"
"""The day on which the sample city stands still."""


@dataclass(frozen=True, slots=True)
class Model:
    """A product as the city bought it. `years` are those of its purchase."""

    kind: str
    vendor: str
    model: str
    ouis: tuple[str, ...]
    prefixes: tuple[str, ...]
    firmware: tuple[str, ...]
    years: tuple[int, int]
    warranty_years: int = 3
    suffix: str = ""
    second_oui: str = ""
    management: str = ""


_APPLE = tuple(local(o) for o in ("F0:EE:7A", "A8:51:AB", "3C:06:30", "D0:2B:20", "68:FE:F7"))
_NEW = (("iPadOS 26.1", 8), ("iPadOS 26.0.1", 5), ("iPadOS 18.7.2", 4), ("iPadOS 18.6.2", 2))
_IPADOS = spread(*_NEW, ("iPadOS 18.5", 1), ("iPadOS 17.7.10", 1))
_OLD_IPADOS = spread(("iPadOS 18.7.2", 6), ("iPadOS 18.6.2", 3), ("iPadOS 17.7.10", 2))
_AIR_IPADOS = spread(*_NEW)


def _ipad(
    model: str, years: tuple[int, int], firmware: tuple[str, ...], *, suffix: str = ""
) -> Model:
    # Apple's serials had twelve characters, the last of which name the model, until 2021.
    prefixes: tuple[str, ...] = ("DMP", "DMQ", "F9F", "GG7")
    if not suffix:
        prefixes = tuple(a + b for a in ("K7", "L4", "MN", "Q9", "VT") for b in ("6W", "9X", "HJ"))
    return Model("ipad", "Apple", model, _APPLE, prefixes, firmware, years, 2, suffix)


IPADS = spread(
    (_ipad("iPad (7th generation)", (2020, 2020), _OLD_IPADOS, suffix="MF3"), 6),
    (_ipad("iPad (8th generation)", (2020, 2021), _IPADOS, suffix="Q1G"), 22),
    (_ipad("iPad (9th generation)", (2021, 2024), _IPADOS), 46),
    (_ipad("iPad (10th generation)", (2023, 2025), _IPADOS), 18),
    (_ipad("iPad (A16)", (2025, 2026), _IPADOS), 8),
)
TEACHER_IPADS = spread(
    (_ipad("iPad Air (4th generation)", (2021, 2021), _AIR_IPADOS), 5),
    (_ipad("iPad Air (5th generation)", (2022, 2023), _AIR_IPADOS), 4),
    (_ipad("iPad Air 11-inch (M2)", (2024, 2025), _AIR_IPADOS), 2),
)
APPLE_TVS = spread(
    (Model("apple-tv", "Apple", "Apple TV HD", _APPLE, ("C07", "DY3"),
           spread(("tvOS 18.6", 3), ("tvOS 18.5", 1)), (2019, 2021), 1, "HDV"), 4),
    (Model("apple-tv", "Apple", "Apple TV 4K (3rd generation)", _APPLE, ("H9M7", "JX4T", "K2P9"),
           spread(("tvOS 26.1", 3), ("tvOS 26.0.1", 2), ("tvOS 18.6", 1)), (2022, 2026), 1), 6),
)  # fmt: skip
_WINDOWS = spread(("Windows 11 25H2", 4), ("Windows 11 24H2", 5), ("Windows 11 23H2", 2))
PCS = spread(
    (Model("pc", "HP", "ProDesk 400 G7", (local("B0:22:7A"),), ("8CC1", "8CC2"),
           spread(("Windows 11 24H2", 3), ("Windows 10 22H2", 2)), (2020, 2021), 4), 4),
    (Model("pc", "Dell", "OptiPlex 7010 Micro", (local("A4:BB:6D"),), ("7",), _WINDOWS,
           (2023, 2025), 5), 5),
    (Model("pc", "Lenovo", "ThinkCentre M70q", (local("88:A4:C2"),), ("PC", "PG"), _WINDOWS,
           (2022, 2024), 3), 3),
)  # fmt: skip
NOTEBOOKS = spread(
    (Model("notebook", "Lenovo", "ThinkPad L14 Gen 3", (local("E8:80:88"),), ("PF3", "PF4"),
           _WINDOWS, (2022, 2024), 3, second_oui=local("F4:4E:E3")), 5),
    (Model("notebook", "HP", "ProBook 445 G9", (local("5C:60:BA"),), ("5CG2", "5CG3"),
           _WINDOWS, (2022, 2023), 3, second_oui=local("DC:1B:A1")), 4),
    (Model("notebook", "Apple", "MacBook Air 13-inch (M2)", _APPLE, ("FVH7", "C2WQ"),
           spread(("macOS 26.1", 3), ("macOS 15.7", 2)), (2023, 2024), 1), 1),
)  # fmt: skip
BOARDS = spread(
    (Model("board", "SMART", "SMART Board MX275-V4", (local("00:0C:F4"),), ("M275-",),
           ("iQ 4.9", "iQ 4.8", "iQ 4.6"), (2022, 2025), 5), 4),
    (Model("board", "Promethean", "ActivPanel 9 75\"", (local("98:8E:79"),), ("AP9B75",),
           ("4.1.3", "4.0.8"), (2023, 2026), 5), 3),
    (Model("board", "Samsung", "Flip Pro WM75B", (local("8C:79:F5"),), ("0YTQH",),
           ("T-KTSUAKUC", "T-KTMUABC"), (2021, 2024), 3), 2),
)  # fmt: skip
PRINTERS = spread(
    (Model("printer", "Kyocera", "TASKalfa 2554ci", (local("00:17:C8"),), ("W6N1",),
           ("2ZS_S0IS.C03", "2ZS_S0IS.B12"), (2021, 2024), 5), 3),
    (Model("printer", "HP", "Color LaserJet Pro M454dw", (local("E8:D8:D1"),), ("VNB3", "VNC3"),
           ("20240301", "20230811"), (2020, 2023), 1), 4),
    (Model("printer", "Brother", "HL-L6210DW", (local("94:DD:F8"),), ("E81217",),
           ("1.12", "1.09"), (2023, 2026), 3), 2),
)  # fmt: skip
SERVERS = spread(
    (Model("server", "Dell", "PowerEdge T350", (local("D0:8E:79"),), ("4",),
           ("Debian 12.8", "Windows Server 2022"), (2022, 2024), 5), 3),
    (Model("server", "HPE", "ProLiant ML30 Gen10 Plus", (local("94:40:C9"),), ("CZJ2",),
           ("Debian 12.8", "Windows Server 2019"), (2021, 2022), 5), 2),
)  # fmt: skip


def _network(
    vendor: str, model: str, oui: str, prefix: str, firmware: tuple[str, ...],
    years: tuple[int, int], second: str = "",
) -> Model:  # fmt: skip
    simulated = BY_NAME[vendor, model]
    return Model(
        simulated.kind, vendor, model, (local(oui),), (prefix,), firmware, years, 5,
        second_oui=local(second) if second else "", management=simulated.management,
    )  # fmt: skip


_AOS = spread(("8.10.0.16", 4), ("8.10.0.14", 3), ("8.6.0.21", 1))
_IOSXE = spread(("17.12.4", 4), ("17.9.5", 3), ("17.6.6", 1))
_UNIFI = spread(("6.7.17", 4), ("6.6.77", 2), ("6.5.28", 1))
_LCOS = spread(("10.80.0714 RU4", 3), ("10.72.0521 RU8", 2))
_ROUTEROS = spread(("7.19.4", 3), ("7.16.2", 2))
_OPENWRT = spread(("OpenWrt 24.10.4", 3), ("OpenWrt 23.05.6", 1))


@dataclass(frozen=True, slots=True)
class WlanSystem:
    """One school's network family: its access points and, if it has one, what controls them."""

    name: str
    access_point: Model
    controller: Model | None = None


_ARUBA_AP = _network("Aruba", "AP-515", "20:4C:03", "CNKD", _AOS, (2020, 2023))
_INSTANT = _network("Aruba", "AP-505 Instant", "B4:5D:50", "CNL3", _AOS, (2020, 2024))
_CISCO_AP = _network("Cisco", "C9120AXI-E", "10:B3:C6", "FGL24", _IOSXE, (2020, 2023))
_LANCOM_AP = _network("LANCOM", "LW-600", "00:A0:57", "4006", _LCOS, (2021, 2024))
_MIKROTIK_AP = _network("MikroTik", "cAP ax", "48:A9:8A", "HE8", _ROUTEROS, (2023, 2025))
_UNIFI_AP = _network("Ubiquiti", "U6-Pro", "78:45:58", "UP", _UNIFI, (2021, 2025))
_UAP = _network("Ubiquiti", "UAP-AC-Pro", "74:83:C2", "UA", _UNIFI, (2019, 2021))
_OPENWRT_AP = _network("OpenWrt", "NWA50AX", "BC:CF:4F", "S220", _OPENWRT, (2022, 2023))
WLAN_SYSTEMS = spread(
    (WlanSystem("Aruba Instant", _INSTANT), 8),
    (WlanSystem("Aruba controller", _ARUBA_AP,
                _network("Aruba", "A7010", "00:1A:1E", "CRJ0", _AOS, (2020, 2022))), 4),
    (WlanSystem("Cisco 9800", _CISCO_AP,
                _network("Cisco", "C9800-40", "70:69:5A", "TTM2", _IOSXE, (2020, 2022))), 3),
    (WlanSystem("UniFi", _UNIFI_AP,
                _network("Ubiquiti", "UniFi Console", "AC:8B:A9", "UC", ("9.4.19", "9.3.45"),
                         (2021, 2024))), 3),
    (WlanSystem("LANCOM", _LANCOM_AP), 3),
    (WlanSystem("MikroTik", _MIKROTIK_AP), 1),
    (WlanSystem("UniFi without console", _UAP), 1),
    (WlanSystem("OpenWrt", _OPENWRT_AP), 1),
)  # fmt: skip
SWITCHES = spread(
    (_network("Aruba", "2930F-24G-PoE+", "54:80:28", "CN0B", ("WC.16.11.0024", "WC.16.11.0018"),
              (2019, 2023)), 5),
    (_network("Cisco", "C9200L-24P-4X", "6C:31:0E", "JAE25", _IOSXE, (2020, 2024)), 3),
    (_network("MikroTik", "CRS326-24G-2S+", "DC:2C:6E", "HC8", _ROUTEROS, (2021, 2025)), 1),
)  # fmt: skip
ROUTERS = spread(
    (_network("LANCOM", "1900EF", "00:A0:57", "4005", _LCOS, (2019, 2024)), 6),
    (_network("Cisco", "C1111-8P", "F8:6B:D9", "FCZ2", _IOSXE, (2019, 2022)), 2),
    (_network("MikroTik", "RB5009", "2C:C8:1B", "HD4", _ROUTEROS, (2022, 2025)), 1),
    (_network("OpenWrt", "x86 router", "00:0D:B9", "APU4", _OPENWRT, (2020, 2022)), 1),
)  # fmt: skip
