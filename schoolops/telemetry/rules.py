"""What a set of facts says about the health of one thing. Pure; no database.

Thresholds: an access point that is busy or hot still works, so it is a warning; what does not
answer is down. An uplink is down when no target answers or half the packets are lost.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

CPU_PERCENT = 95.0
MEMORY_PERCENT = 95.0
DISK_PERCENT = 90.0
TEMPERATURE_C = 85.0
LOSS_PERCENT = 5.0
LOSS_DOWN_PERCENT = 50.0
CONNECT_MS = 150.0
DNS_MS = 1000.0
CONTRACT_SHARE = 0.5

Facts = Mapping[str, Any]


class Verdict(NamedTuple):
    """ok, warning, down or unknown, and why in words (English, shown as they are)."""

    health: str
    reason: str = ""


OK = Verdict("ok")


def _over(facts: Facts, name: str, limit: float) -> bool:
    value = facts.get(name)
    return value is not None and float(value) >= limit


def assess_device(facts: Facts) -> Verdict:
    """A switch, access point, router or controller."""
    if facts.get("reachable") is False:
        why = str(facts.get("error") or "no answer")
        own = why.startswith(("no answer", "another device answers"))
        return Verdict("down", why if own else f"does not answer: {why}")
    if _over(facts, "temperature_c", TEMPERATURE_C):
        return Verdict("warning", f"hot: {facts['temperature_c']:.0f} °C")
    if _over(facts, "cpu_percent", CPU_PERCENT):
        return Verdict("warning", f"busy: processor {facts['cpu_percent']:.0f} %")
    if _over(facts, "memory_used_percent", MEMORY_PERCENT):
        return Verdict("warning", f"memory full: {facts['memory_used_percent']:.0f} %")
    if facts.get("error"):
        return Verdict("warning", f"read in part: {facts['error']}")
    return OK


def assess_uplink(facts: Facts, contract_down_bps: int | None) -> Verdict:
    """A school's line, against what is paid for."""
    if facts.get("reachable") is False:
        return Verdict("down", "no target answers")
    if _over(facts, "loss_percent", LOSS_DOWN_PERCENT):
        return Verdict("down", f"loses {facts['loss_percent']:.0f} % of the packets")
    if _over(facts, "loss_percent", LOSS_PERCENT):
        return Verdict("warning", f"loses {facts['loss_percent']:.0f} % of the packets")
    if _over(facts, "connect_ms", CONNECT_MS):
        return Verdict("warning", f"slow to answer: {facts['connect_ms']:.0f} ms")
    if _over(facts, "dns_ms", DNS_MS):
        return Verdict("warning", f"names resolve slowly: {facts['dns_ms']:.0f} ms")
    measured = facts.get("test_down_bps")
    if measured and contract_down_bps and measured < CONTRACT_SHARE * contract_down_bps:
        share = 100 * measured / contract_down_bps
        return Verdict("warning", f"delivers {share:.0f} % of the contracted bandwidth")
    return OK


def assess_host(facts: Facts) -> Verdict:
    """The machine an agent runs on."""
    if _over(facts, "disk_used_percent", DISK_PERCENT):
        return Verdict("warning", f"agent's disk is {facts['disk_used_percent']:.0f} % full")
    if facts.get("dropped_rows"):
        return Verdict("warning", f"agent dropped {facts['dropped_rows']} reports")
    return OK
