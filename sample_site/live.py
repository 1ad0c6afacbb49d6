"""A city that lives: its server, its simulated equipment, real agents at some of its schools."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from inventory.choices import NETWORK_KINDS
from sample_site.city import City, Part
from sample_site.cloud import ESSENTIAL, Cloud
from sample_site.equipment.faults import Fault as Simulated
from sample_site.equipment.process import EquipmentError, EquipmentProcess
from sample_site.faults import Fault
from sample_site.load import load
from sample_site.processes import Processes
from sample_site.simulated import simulate, stranger
from schoolops.client import Client, connect
from schoolops.client._launch import answers
from schoolops.core import paths, resources
from schoolops.core.errors import Unusable

INTERVAL_S = 5
SERVICES_EVERY_S = 10
DISCOVER_EVERY_S = 15
DEGRADED = 0.08
"""What a line that degrades still carries of its contract."""
START_LIMIT_S = 30.0
_NETWORK = "kind:" + ",".join(sorted(NETWORK_KINDS))

Told = Callable[[str, float], None]


class LiveCity:
    """Start it, look through `client`, break and mend things, stop it. One process owns it."""

    client: Client

    def __init__(self, city: City, parts: list[Part], home: Path, test_every_s: int = 20) -> None:
        self.city = city
        self.parts = parts
        self.home = home
        self._test_every_s = test_every_s
        self.begun = time.monotonic()
        self.loaded: dict[str, int] = {}
        self._agents: dict[str, str] = {}  # school → name of its process
        self._environment_before: dict[str, str] = {}
        self._processes: Processes | None = None
        estate = simulate(city, parts)
        self._stranger = stranger(city, parts[0])
        estate = replace(estate, devices=(*estate.devices, self._stranger))
        self._lines = estate.lines
        self._equipment = EquipmentProcess(estate, at="10:10")
        self._cloud = Cloud()
        self._read: dict[str, str] = {}  # device → snmp, controller or unifi
        self._broken: dict[str, int | None] = {}

    # -- start and stop --------------------------------------------------------------------

    def start(self, told: Told) -> None:
        """Load, start everything, let the agents join. Raises `Unusable`, `SchoolopsError`."""
        self._own_environment()
        self.loaded = load(self.city, told=lambda what, share: told(what, 0.3 * share))["records"]
        self._processes = Processes(self.home / "logs", os.environ)
        told("starting the equipment", 0.32)
        try:
            self._equipment.start()
        except EquipmentError as error:
            raise Unusable(str(error)) from None
        self._cloud.start()
        told("starting the server", 0.4)
        url = self._start_server()
        self.client = connect()
        self._narrow_networks()
        told("agents join", 0.5)
        self._start_agents(url)

    def stop(self) -> None:
        """End everything that `start` started, in the opposite order."""
        if hasattr(self, "client"):
            self.client.close()
        if self._processes is not None:
            self._processes.stop()
        self._equipment.stop()
        self._cloud.stop()
        for name in [name for name in os.environ if name.startswith("SCHOOLOPS_")]:
            del os.environ[name]
        os.environ.update(self._environment_before)

    def check(self) -> None:
        """`Unusable` if something that should run has ended."""
        assert self._processes is not None
        self._processes.check()
        if not self._equipment.running():
            raise Unusable(f"the simulated equipment ended: {self._equipment.last_words()}")

    def _own_environment(self) -> None:
        """Nothing of the person's own settings or server may shine through."""
        mine = {k: v for k, v in os.environ.items() if k.startswith("SCHOOLOPS_")}
        self._environment_before = mine
        for name in mine:
            del os.environ[name]
        os.environ["SCHOOLOPS_HOME"] = str(self.home)

    def _write_settings(self) -> None:
        """`schoolops.toml` of the demo: short intervals, and where the simulated things answer."""
        ports = self._equipment.ports
        lines = [
            'city = "Düsseldorf (Beispiel)"',
            "[agent]",
            f"interval_s = {INTERVAL_S}",
            f"discover_every_s = {DISCOVER_EVERY_S}",
            f"snmp_port = {ports.snmp}",
            f'console_url = "http://{{address}}:{ports.rest}"',
            "dns_names = []",
            'download_url = "http://{target}/download"',
            f"test_every_s = {self._test_every_s}",
            "targets = []",
            f"services_every_s = {SERVICES_EVERY_S}",
            f"essential_services = {list(ESSENTIAL)}",
            "[agent.services]",
            *(f'{name} = "{url}"' for name, url in self._cloud.services().items()),
            "[agent.uplink_targets]",
        ]
        lines += [f'"{line.key}" = ["{line.address}:{ports.line}"]' for line in self._lines]
        text = "\n".join(lines) + "\n"
        (self.home / "schoolops.toml").write_text(text, encoding="utf-8")
        # A visitor has minutes, by day or night; a city waits longer, most of all at night.
        quick = self.home / "alerts" / "demo.yaml"
        quick.parent.mkdir(mode=0o700)
        quick.write_text(resources.read_text("sample_site/data/alerts.yaml"), encoding="utf-8")

    def _start_server(self) -> str:
        """Write the settings, start `schoolops serve`; answers its address."""
        self._write_settings()
        assert self._processes is not None
        self._processes.start("server", ["schoolops.cli", "serve", "--port", "0"])
        address = self.home / "server.address"
        deadline = time.monotonic() + START_LIMIT_S
        while not (address.exists() and answers(paths.socket_path(self.home))):
            self._processes.check()
            if time.monotonic() > deadline:
                raise Unusable(f"the server did not start within {START_LIMIT_S:.0f} s")
            time.sleep(0.05)
        return address.read_text(encoding="utf-8").strip()

    def _narrow_networks(self) -> None:
        """Let agents sweep for the one stranger alone: on loopback, this computer's own services
        answer on every address, and none of them is a school's equipment."""
        for part in self.parts:
            site = self.client.get("sites", f"{part.school}/Hauptstandort")
            mine = part.school == self._stranger.school
            networks = f"{self._stranger.address}/32" if mine else ""
            self.client.edit("sites", site["id"], site["version"], {"networks": networks})

    def _start_agents(self, url: str) -> None:
        """Invite one for each live school, let all join at once, run them."""
        assert self._processes is not None
        for part in self.parts:
            code = str(self.client.invite(part.school)["code"])
            name = f"agent-{part.school}"
            command = ["agents", "join", url, code, "--state", self._folder(name)]
            self._processes.start(f"{name}-join", command)
            self._agents[part.school] = name
        for name in self._agents.values():
            self._processes.finish(f"{name}-join")
            self._run_agent(name)

    def _folder(self, agent: str) -> str:
        return str(self.home / "agents" / agent)

    def _run_agent(self, name: str) -> None:
        assert self._processes is not None
        self._processes.start(name, ["agents", "run", "--state", self._folder(name)])

    # -- faults ----------------------------------------------------------------------------

    def break_it(self, fault: Fault) -> None:
        """Let it happen. A dark school has no power: its agent is cut off, too."""
        if fault.name == "school goes dark":
            assert self._processes is not None
            self._processes.kill(self._agents[fault.school])
        self._broken[fault.key] = self._equipment.inject(self._simulated(fault))

    def mend(self, fault: Fault) -> None:
        """Undo it; after a power failure the agent starts again and sends what it kept."""
        self._equipment.clear(self._broken.pop(fault.key))
        if fault.name == "school goes dark":
            self._run_agent(self._agents[fault.school])

    def _simulated(self, fault: Fault) -> Simulated:
        """The script's fault as the equipment knows it."""
        match fault.name:
            case "cable pulled":
                return Simulated("cable-pulled", fault.key)
            case "line degrades":
                line = next(line for line in self._lines if line.key == fault.key)
                left = round(line.down_bps * DEGRADED)
                return Simulated("uplink-degrades", fault.key, down_bps=left, delay_ms=180.0)
            case "school goes dark":
                return Simulated("school-dark", fault.school)
        return Simulated("device-dies", fault.key)

    # -- what is known ---------------------------------------------------------------------

    def read_so_far(self) -> tuple[int, int]:
        """How many network devices of the live schools have been read, and how many there are."""
        rows = [row for part in self.parts for row in self._network(part.school)]
        return sum(row[4] not in ("", None, "unknown") for row in rows), len(rows)

    def reports(self) -> int:
        """Reports that the server has booked, of all agents."""
        page = self.client.page("agents", columns=("reports",), limit=1000)
        return sum(int(row[4] or 0) for row in page.rows)

    def blamed(self) -> dict[str, str]:
        """Key → name of every network device of the live schools that is called down."""
        return {
            str(row[1]): str(row[5])
            for part in self.parts
            for row in self._network(part.school)
            if row[4] == "down"
        }

    def wrongly_blamed(self, faults: Iterable[Fault]) -> list[str]:
        """Names of the devices that are called down and were not broken."""
        broken = {fault.key for fault in faults}
        dark = {fault.school for fault in faults if fault.plural == "schools"}
        return sorted(
            name
            for key, name in self.blamed().items()
            if key not in broken and not any(name.startswith(number) for number in dark)
        )

    def summary(self) -> dict[str, Any]:
        """What happened, counted through the server."""
        self.note_what_is_read()
        lines = 0
        for part in self.parts:
            for uplink in part.of("uplink"):
                if uplink["state"] == "active":
                    key = f"{part.school}/{uplink['name']}"
                    lines += bool(self.client.latest("uplinks", key)["values"])
        return {
            "schools": self.loaded["school"],
            "live_schools": [part.school for part in self.parts],
            "devices": self.loaded["device"],
            "agents": len(self._agents),
            "reports": self.reports(),
            "devices_seen_by_snmp": sum(s in ("snmp", "controller") for s in self._read.values()),
            "devices_seen_by_rest": sum(source == "unifi" for source in self._read.values()),
            "uplinks_measured": lines,
            "devices_discovered": self.client.count("discovered"),
        }

    def note_what_is_read(self) -> None:
        """Remember from which devices real values have come, and how."""
        for part in self.parts:
            for row in self._network(part.school):
                values = self.client.latest("devices", str(row[0]))["values"]
                if values.get("uptime_s"):
                    self._read[str(row[1])] = str(values.get("source"))

    def _network(self, school: str) -> list[list[Any]]:
        columns = ("health", "name")
        query = f"school:{school} {_NETWORK}"
        return self.client.page("devices", q=query, columns=columns, limit=1000).rows

    def another_client(self) -> Client:
        """A second connection, for another thread."""
        return connect()

    def open_tui(self) -> int:
        """The terminal UI as a process of its own; answers its exit code."""
        return subprocess.run(
            [sys.executable, "-m", "schoolops.cli", "tui"], check=False
        ).returncode
