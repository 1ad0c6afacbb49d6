"""What the simulated equipment consists of: devices and school lines, as plain data.

The sample city makes lists of these; `write_estate` puts them into the file that
`python -m sample_site.equipment --devices FILE` reads. `catalogue.MODELS` lists the
(vendor, model) pairs that can be simulated.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

HOSTS_PER_SCHOOL = 510


@dataclass(frozen=True, slots=True)
class SimDevice:
    """One device on the simulated LAN of a school.

    `key` is the device's key in the inventory (its serial number, usually). `parent` is the key
    of the device it is plugged into: whatever breaks there silences this one too. `controller`
    is the key of the WLAN controller (or UniFi console) that speaks for an access point; such an
    access point answers nothing on its own address. `vendor` and `model` are a pair of
    `catalogue.MODELS`. `address` is in 127.0.0.0/8, see `loopback_address`.
    """

    key: str
    kind: str  # access-point, switch, router, wlan-controller
    vendor: str
    model: str
    serial: str
    macs: tuple[str, ...]  # aa:bb:cc:dd:ee:ff
    address: str
    name: str
    school: str  # Schulnummer
    parent: str = ""
    community: str = "public"
    controller: str = ""


@dataclass(frozen=True, slots=True)
class SimLine:
    """One school line: what lies behind it answers on `address`.

    On the process's line port: TCP connect; `GET /download` and `POST /upload` over HTTP at the
    line's rates; on the same port over UDP: a DNS resolver. `router` is the key of the school's
    router, so that a school that goes dark takes its line along.
    """

    key: str  # '164800/main': the uplink's key in the inventory
    school: str
    name: str
    address: str
    down_bps: int
    up_bps: int
    delay_ms: float = 6.0  # of answers over HTTP and DNS; a TCP handshake is the kernel's own
    loss_percent: float = 0.0
    router: str = ""


@dataclass(frozen=True, slots=True)
class Estate:
    """Everything one equipment process simulates."""

    devices: tuple[SimDevice, ...] = ()
    lines: tuple[SimLine, ...] = ()
    seed: int = 1
    passwords: dict[str, str] = field(default_factory=dict)  # controller key → REST password


def loopback_address(school: int, host: int) -> str:
    """The loopback address of a school's host: each school has a /23 of its own.

    `school` is the school's number in the list (0…7,167), `host` 1…510. Raises ValueError.
    """
    if not 0 <= school < 7168:
        raise ValueError(f"school {school} is outside 0…7167")
    if not 1 <= host <= HOSTS_PER_SCHOOL:
        raise ValueError(f"host {host} is outside 1…{HOSTS_PER_SCHOOL}")
    number = (16 << 16) + school * 512 + host
    return f"127.{number >> 16}.{number >> 8 & 255}.{number & 255}"


def loopback_network(school: int) -> str:
    """The /23 of a school, for an agent's `Config.networks`."""
    number = (16 << 16) + school * 512
    return f"127.{number >> 16}.{number >> 8 & 255}.0/23"


def write_estate(path: Path, estate: Estate) -> None:
    """Write the file that `--devices` reads."""
    path.write_text(json.dumps(asdict(estate), separators=(",", ":")), encoding="utf-8")


def read_estate(path: Path) -> Estate:
    """Read it back. Raises ValueError with a sentence that names what is wrong."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        return Estate(
            devices=tuple(_devices(data.get("devices", []))),
            lines=tuple(SimLine(**line) for line in data.get("lines", [])),
            seed=int(data.get("seed", 1)),
            passwords=dict(data.get("passwords", {})),
        )
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}") from None
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise ValueError(f"{path} is no list of simulated equipment: {error!r}") from None


def _devices(items: Iterable[dict[str, Any]]) -> Iterable[SimDevice]:
    for item in items:
        yield SimDevice(**{**item, "macs": tuple(item["macs"])})
