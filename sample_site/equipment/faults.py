"""Scripted faults: what breaks, when, and for how long.

| kind | subject | what happens |
|---|---|---|
| uplink-degrades | a line's key | lower rates, more delay, packets lost |
| device-dies | a device's key | silent, and all that hangs on it; its port above goes down |
| school-dark | a school number | no power: all devices and lines of the school |
| cable-pulled | a device's key | the port above goes down; silent, with what hangs on it |

`access-point-dies` and `switch-dies` are other words for device-dies. A fault begins `at_s`
seconds after it is given and ends by itself after `for_s` (0: when it is cleared).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

from sample_site.equipment.model import SimLine

KINDS = ("uplink-degrades", "device-dies", "school-dark", "cable-pulled")
_ALIASES = {"access-point-dies": "device-dies", "switch-dies": "device-dies"}


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault. Rates in bit/s; None leaves the line's own value."""

    kind: str
    subject: str
    at_s: float = 0.0
    for_s: float = 0.0
    down_bps: int | None = None
    up_bps: int | None = None
    delay_ms: float | None = None
    loss_percent: float | None = None

    def degrade(self, line: SimLine) -> SimLine:
        """The line under this fault."""
        return replace(
            line,
            down_bps=line.down_bps if self.down_bps is None else self.down_bps,
            up_bps=line.up_bps if self.up_bps is None else self.up_bps,
            delay_ms=line.delay_ms if self.delay_ms is None else self.delay_ms,
            loss_percent=line.loss_percent if self.loss_percent is None else self.loss_percent,
        )


def parse_fault(data: dict[str, Any]) -> Fault:
    """A fault from decoded JSON. Raises ValueError with a sentence that says what is wrong."""
    unknown = data.keys() - Fault.__dataclass_fields__.keys()
    if unknown:
        raise ValueError(f"a fault has no field {sorted(unknown)[0]!r}")
    try:
        fault = Fault(**data)
    except TypeError:
        raise ValueError("a fault needs kind and subject") from None
    fault = replace(fault, kind=_ALIASES.get(fault.kind, fault.kind))
    if fault.kind not in KINDS:
        raise ValueError(f"unknown fault {fault.kind!r}: use one of {', '.join(KINDS)}")
    for name, value in asdict(fault).items():
        if name in ("kind", "subject"):
            if not isinstance(value, str):
                raise ValueError(f"{name} wants text")
        elif value is not None and (isinstance(value, bool) or not isinstance(value, int | float)
                                    or value < 0):  # fmt: skip
            raise ValueError(f"{name} wants a number of 0 or more")
    return fault
