"""Names and units of what agents measure, and which series a record has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tui import cells
from tui.actions import N_
from tui.i18n import _
from tui.reasons import reason

LABELS: Mapping[str, tuple[str, str]] = {
    "reachable": (N_("Answers"), "yes"),
    "clients": (N_("Clients"), ""),
    "clients_24": (N_("Clients 2.4 GHz"), ""),
    "clients_5": (N_("Clients 5 GHz"), ""),
    "clients_6": (N_("Clients 6 GHz"), ""),
    "ports_up": (N_("Ports up"), ""),
    "response_ms": (N_("Response"), "ms"),
    "connect_ms": (N_("Connect time"), "ms"),
    "rtt_ms": (N_("Round trip"), "ms"),
    "jitter_ms": (N_("Jitter"), "ms"),
    "loss_percent": (N_("Loss"), "%"),
    "dns_ms": (N_("DNS time"), "ms"),
    "rx_bps": (N_("Receiving"), "bps"),
    "tx_bps": (N_("Sending"), "bps"),
    "test_down_bps": (N_("Measured down"), "bps"),
    "test_up_bps": (N_("Measured up"), "bps"),
    "cpu_percent": (N_("CPU"), "%"),
    "memory_used_percent": (N_("Memory"), "%"),
    "disk_used_percent": (N_("Disk"), "%"),
    "temperature_c": (N_("Temperature"), "°C"),
    "load_1": (N_("Load"), ""),
    "uptime_s": (N_("Uptime"), "s"),
    "errors": (N_("Interface errors"), ""),
    "spool_rows": (N_("Waiting to be sent"), ""),
    "dropped_rows": (N_("Dropped rows"), ""),
    "source": (N_("Read by"), ""),
    "error": (N_("Fault"), ""),
}
"""Field of a report → label and unit; what is not named here is shown under its own name."""

_HIDDEN = frozenset({"device", "uplink", "rx_bytes", "tx_bytes"})
_NETWORK = ("clients", "rx_bps", "tx_bps", "cpu_percent", "response_ms")


def series_of(plural: str, values: Mapping[str, Any]) -> tuple[str, ...]:
    """Which series are worth drawing for a record of that list with these last values."""
    if plural == "uplinks":
        return ("rx_bps", "tx_bps", "connect_ms", "jitter_ms", "loss_percent")
    if plural == "agents":
        return ("cpu_percent", "memory_used_percent", "temperature_c")
    return tuple(
        name
        for name in _NETWORK
        if values.get(name) is not None or (name.endswith("_bps") and values.get("rx_bytes"))
    )


def label(name: str) -> str:
    """A metric's name for people."""
    return _(LABELS[name][0]) if name in LABELS else name


def shown(name: str, value: Any) -> str:
    """A measured value with its unit."""
    unit = LABELS.get(name, ("", ""))[1]
    if value is None or value == "":
        return ""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if name == "error":
        return reason(value)
    if not isinstance(value, (int, float)):
        return cells.clean(str(value))
    if unit == "bps":
        return cells.rate(value)
    if unit == "s":
        return duration(value)
    text = cells.number(round(value, 1) if isinstance(value, float) else value)
    return f"{text} {unit}".rstrip()


def duration(seconds: float) -> str:
    """'3 d 4 h', '12 min'."""
    minutes = int(seconds // 60)
    days, hours = minutes // 1440, minutes // 60 % 24
    if days:
        return _("{days} d {hours} h").format(days=days, hours=hours)
    if hours:
        return _("{hours} h {minutes} min").format(hours=hours, minutes=minutes % 60)
    return _("{minutes} min").format(minutes=minutes)


def lines(values: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Label and value of all that is known, in the order of `LABELS`."""
    order = [*LABELS, *(name for name in values if name not in LABELS)]
    return [
        (label(name), shown(name, values[name]))
        for name in order
        if name in values and name not in _HIDDEN and values[name] not in (None, "")
    ]
