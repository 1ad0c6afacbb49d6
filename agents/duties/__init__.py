"""What an agent does at its intervals. A duty is a class with four members:

    name: str
    def interval_s(self, config: Config) -> float      # 0: not wanted by this config
    def measure(self, config: Config, now_us: int) -> list[tuple[str, NamedTuple]]
    def close(self) -> None

It may also have `trouble: str`, what `status` should say although `measure` did not raise, and a
quick duty `wants_measuring(config) -> bool`, asked between ticks: whether it would rather not wait.

`measure` returns (table, report) pairs of `agents.protocol`; it may raise, which is counted and
never stops the others. A new duty is a line in `agents.runner.DUTIES`; it is imported on first
use.
"""
