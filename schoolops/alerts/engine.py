"""One rule on one subject through time: pure.

    quiet ──when──▶ pending ──for so long, and allowed──▶ firing ──until, for so long──▶ ended
                       │ not when                            ▲──────not until any more─────│

What is not known (a fact that is stale, a school that is silent) moves nothing: nothing begins and
nothing ends by it. Instants are microseconds; those of facts are when they were observed, so that
a late report begins nothing in the past: it is stale when it comes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from schoolops.alerts.reading import Rule

PENDING, FIRING = "pending", "firing"
FORGET_AFTER = 15 * 60 * 1_000_000
"""What was about to begin, and was not known for so long, begins again from nothing."""


@dataclass(slots=True)
class Watch:
    """Where a rule stands on a subject. `since`: its condition holds since then, without a
    break that was seen; `known_at`: it was known last; `clear_since`: what ends it holds since."""

    state: str
    since: int
    known_at: int
    fired_at: int | None = None
    clear_since: int | None = None


@dataclass(frozen=True, slots=True)
class Moment:
    """What decides beside the facts: `lessons`: it is lesson time at the school (or nearly);
    `held`: maintenance, so nothing begins."""

    now: int
    lessons: bool = False
    held: bool = False


@dataclass(frozen=True, slots=True)
class Seen:
    """Facts of a subject that still hold, and when they were observed; None: nothing is known."""

    facts: Mapping[str, Any] | None
    at: int = 0


def step(rule: Rule, watch: Watch | None, seen: Seen, moment: Moment) -> Watch | None:
    """Where the rule stands now; None: it is quiet. The watch given is not changed."""
    holds = None if seen.facts is None else rule.when.value(seen.facts)
    if watch is None:
        if holds is not True:
            return None
        watch = Watch(PENDING, seen.at, seen.at)
    else:
        watch = Watch(watch.state, watch.since, watch.known_at, watch.fired_at, watch.clear_since)
    if watch.state == FIRING:
        return _firing(rule, watch, seen, holds, moment)
    if holds is False:
        return None
    if holds is None:
        return None if moment.now - watch.known_at > FORGET_AFTER else watch
    watch.known_at = max(watch.known_at, seen.at)
    return _begin(rule, watch, moment)


def _begin(rule: Rule, watch: Watch, moment: Moment) -> Watch:
    allowed = not moment.held and (moment.lessons or rule.hours == "always")
    if allowed and moment.now - watch.since >= rule.holds.at(moment.lessons) * 1_000_000:
        watch.state, watch.fired_at = FIRING, moment.now
    return watch


def _firing(
    rule: Rule, watch: Watch, seen: Seen, holds: bool | None, moment: Moment
) -> Watch | None:
    if seen.facts is None:
        return watch
    if rule.until is None:
        clear = None if holds is None else not holds
    else:
        clear = rule.until.value(seen.facts)
    if clear is None:
        return watch
    watch.known_at = max(watch.known_at, seen.at)
    if not clear:
        watch.clear_since = None
        return watch
    if watch.clear_since is None:
        watch.clear_since = seen.at
    if moment.now - watch.clear_since >= rule.clears.at(moment.lessons) * 1_000_000:
        return None
    return watch
