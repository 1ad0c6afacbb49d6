"""The limits that a proof holds a line against. Pure."""

from __future__ import annotations

from typing import NamedTuple


class Limits(NamedTuple):
    """As the settings `proof.*` say them; 0 for what the contract does not name."""

    reached_share: float = 0.9
    reached_days: float = 0.66
    usual_share: float = 0.0
    usual_tests: float = 0.9
    minimum_share: float = 0.0
    availability: float = 0.0
    loss_percent: float = 0.0
    connect_ms: float = 0.0
    jitter_ms: float = 0.0
    least_tests: int = 30
    least_days: int = 3
    least_measured: float = 0.9
    busy_share: float = 0.8
