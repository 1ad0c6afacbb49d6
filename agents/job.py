"""One duty with its times and its record: what the runner keeps of each."""

from __future__ import annotations

import time

from agents.log import say
from agents.protocol import Config, DeviceReport

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, NamedTuple, Protocol

    class Duty(Protocol):
        """What every duty is; see agents.duties."""

        name: str

        def interval_s(self, config: Config) -> float:
            """Seconds between two measurements; 0 if this config does not want the duty."""

        def measure(self, config: Config, now_us: int) -> list[tuple[str, NamedTuple]]:
            """Measure once; may raise."""

        def close(self) -> None:
            """Give back what is open."""


class Job:
    """A duty with its times and its record; its `duty` is imported on first use."""

    def __init__(self, name: str, make: Callable[[], Any]) -> None:
        self.name = name
        self.duty: Duty | None = None
        self.runs = 0
        self.failures = 0
        self.error = ""
        self.last_at: int | None = None
        self.last_ms: float | None = None
        self.started: float | None = None
        """When the measurement that runs now began (monotonic)."""
        self._asked_of: Config | None = None
        self._interval_s = 0.0
        self._make = make

    def interval_s(self, config: Config) -> float:
        """As the duty says, without importing a duty that has nothing to do."""
        if config is not self._asked_of:
            self._interval_s = self._ask(config)
            self._asked_of = config
        return self._interval_s

    def _ask(self, config: Config) -> float:
        if self.name == "network" and not config.targets:
            return 0
        if self.name == "services" and not config.services:
            return 0
        if self.name == "discovery" and not (config.discover_every_s and config.networks):
            return 0
        try:
            if self.duty is None:
                self.duty = self._make()
            return self.duty.interval_s(config)
        except Exception:
            return float(config.interval_s)  # `measure` will meet it again, and note it

    def again_s(self, config: Config) -> float:
        """Seconds after which the duty wants to measure a part of it again; 0 for not."""
        ask = getattr(self.duty, "again_s", None)
        return 0.0 if ask is None or self.error else float(ask(config))

    def measure(
        self, config: Config, at_us: int, *, again: bool = False
    ) -> list[tuple[str, NamedTuple]]:
        """The duty's reports, or for a failure what can be said about it. Never raises. `again`:
        of what wants that alone (`again_s`)."""
        self.started = time.monotonic()
        self.last_at = at_us
        self.runs += 1
        try:
            if self.duty is None:
                self.duty = self._make()
            measure = getattr(self.duty, "measure_again" if again else "measure")
            reports = list(measure(config, at_us))
            self.error = ""
        except Exception as error:
            self._note(error)
            reports = self._unread(config) if isinstance(error, ImportError) else []
        self.last_ms = round((time.monotonic() - self.started) * 1000, 2)
        self.started = None
        return reports

    def close(self) -> None:
        """Close the duty, if it was ever made."""
        if self.duty is not None:
            try:
                self.duty.close()
            except Exception as error:
                self._note(error)

    def wants_measuring(self, config: Config) -> bool:
        """Whether the duty, if it can say so, would rather not wait for its next time."""
        look = getattr(self.duty, "wants_measuring", None)
        try:
            return look is not None and look(config) is True
        except Exception:
            return True  # `measure` will meet it again, and note it

    @property
    def trouble(self) -> str:
        """Why the duty failed, or what it says about itself; '' when all is well."""
        return self.error or str(getattr(self.duty, "trouble", ""))

    def status(self) -> dict[str, Any]:
        """For `status`."""
        since = self.started
        return {
            "runs": self.runs,
            "failures": self.failures,
            "error": self.trouble,
            "tool": str(getattr(self.duty, "tool", "")),
            "last_at": self.last_at,
            "last_ms": self.last_ms,
            "running_s": None if since is None else round(time.monotonic() - since, 1),
        }

    def _note(self, error: Exception) -> None:
        self.failures += 1
        if isinstance(error, ImportError) and (error.name or "").startswith("pysnmp"):
            text = "SNMP extra not installed: pip install 'schoolops[snmp]'"
        else:
            text = f"{type(error).__name__}: {error}"
        if text != self.error:
            say(f"duty {self.name} failed: {text}")
        self.error = text

    def _unread(self, config: Config) -> list[tuple[str, NamedTuple]]:
        """Without its module the duty still tells the server why it knows nothing."""
        if self.name != "network":
            return []
        reason = self.error.partition(":")[0] if "SNMP extra" in self.error else self.error
        return [
            ("device", DeviceReport(device=target.device, source=target.method, error=reason))
            for target in config.targets
        ]
