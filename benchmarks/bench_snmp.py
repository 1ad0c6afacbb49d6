"""Polling network devices over SNMP, and answering for simulated ones.

    python benchmarks/bench_snmp.py           one JSON object a line

- CPU of the agent's network duty for one access point (v2c: clocks, load, memory, temperature,
  ports with 64-bit counters, clients per radio), in rounds after the first, against a simulated
  school of 100: by pysnmp, and by gufo-snmp (the extra `fast-snmp`). The peer asks the same
  variables by net-snmp's own `snmpget` and `snmpbulkwalk`.
- Access points that one agent polls in a second of wall time.
- Memory and CPU of a whole agent, as a process over TLS, that polls 40 access points each minute,
  over two minutes after its second round; and of one that sweeps 6,000 a minute by gufo-snmp, over
  two minutes.
- CPU of the simulated equipment for one GETBULK of 20 interface variables; the peer is Debian's
  snmpd with the same question.

CPU is user + system time of the process that works.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from agents.duties.network import NetworkDuty
from agents.protocol import Config, DeviceReport, Target
from agents.snmp import ber, oids
from agents.snmp.profiles import mikrotik
from sample_site.equipment.model import Estate, SimDevice
from sample_site.equipment.process import EquipmentProcess
from tests.agents.server import CODE, BookingServer, make_certificate, server_context
from tests.peers import equipment as peers
from tests.peers import snmpd as peers_snmpd

POINTS = 100
ROUNDS = 5
QUESTIONS = 3000
LIVE_POINTS, ROUNDS_OF_AGENT = 40, 2
INTERVAL_S = 60
SWEEP_SCHOOLS, SWEEP_POINTS = 15, 400
POLL_LIMIT_MS, FAST_POLL_LIMIT_MS = 10.0, 1.0
LIVE_LIMIT_MB, LIVE_LIMIT_PERCENT = 60.0, 2.0
SWEEP_LIMIT_PERCENT = 10.0
RATE_LIMIT = 40.0
COMMAND = "python benchmarks/bench_snmp.py"
COLUMNS = (oids.IF_OPER_STATUS, oids.IF_HC_IN_OCTETS, oids.IF_HC_OUT_OCTETS,
           oids.IF_IN_ERRORS, oids.IF_OUT_ERRORS)  # fmt: skip


def duty(targets: list[Target], client: str) -> tuple[float, float]:
    """CPU milliseconds a device, and devices a second, over the rounds after the first."""
    network = NetworkDuty()
    config = Config("1", "bench", peers.SCHOOL, targets=targets, snmp_client=client)
    network.measure(config, 0)
    cpu, wall = time.process_time(), time.monotonic()
    for _ in range(ROUNDS):
        reports = [r for _, r in network.measure(config, 0) if isinstance(r, DeviceReport)]
        assert all(report.reachable and report.clients for report in reports)
    cpu, wall = time.process_time() - cpu, time.monotonic() - wall
    network.close()
    polls = ROUNDS * len(targets)
    return 1000 * cpu / polls, polls / wall


def commands(targets: list[Target]) -> float | None:
    """CPU milliseconds a device of net-snmp's commands; None where they are not installed."""
    if not (shutil.which("snmpget") and shutil.which("snmpbulkwalk")):
        return None

    def dotted(oid: ber.Oid) -> str:
        return "." + ".".join(map(str, oid))

    scalars = (oids.SYS_UPTIME, oids.HR_SYSTEM_UPTIME, oids.SNMP_ENGINE_TIME,
               mikrotik.TEMPERATURE)  # fmt: skip
    tables = (*COLUMNS, mikrotik.CLIENTS, mikrotik.FREQUENCY, oids.HR_PROCESSOR_LOAD,
              oids.HR_STORAGE_TYPE, oids.HR_STORAGE_SIZE, oids.HR_STORAGE_USED)  # fmt: skip
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    for target in targets:
        base = ["-v2c", "-c", target.community, "-m", "", "-On", f"{target.address}:{target.port}"]
        questions = [["snmpget", *base, *map(dotted, scalars)]]
        questions += [["snmpbulkwalk", *base, dotted(column)] for column in tables]
        for question in questions:
            subprocess.run(question, stdout=subprocess.DEVNULL, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return 1000 * cpu / len(targets)


def cpu_of(pid: int) -> float:
    """CPU seconds of a running process."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def live(targets: list[Target], client: str) -> tuple[float, float]:
    """MB and percent of a core of an agent that polls these devices each minute, from the end of
    its second round on."""
    command = [sys.executable, "-m", "agents"]
    with tempfile.TemporaryDirectory() as folder:
        certificate, key = make_certificate(Path(folder))
        with BookingServer(server_context(certificate, key)) as server:
            server.config |= {"interval_s": INTERVAL_S, "snmp_client": client,
                              "targets": [one._asdict() for one in targets]}  # fmt: skip
            state = ["--state", f"{folder}/state"]
            join = [*command, "join", server.url, CODE, "--ca", str(certificate), *state]
            subprocess.run(join, check=True, stdout=subprocess.DEVNULL)
            process = subprocess.Popen([*command, "run", *state])
            try:
                wait_for(server, 2 * len(targets))
                before = cpu_of(process.pid)
                reports = wait_for(server, (2 + ROUNDS_OF_AGENT) * len(targets))
                spent = cpu_of(process.pid) - before
                assert all(report["reachable"] and report["clients"] for report in reports)
                status = Path(f"/proc/{process.pid}/status").read_text()
            finally:
                process.terminate()
                process.wait(10)
    megabytes = int(status.partition("VmRSS:")[2].split()[0]) / 1024
    return megabytes, 100 * spent / (ROUNDS_OF_AGENT * INTERVAL_S)


def wait_for(server: BookingServer, count: int) -> list[dict[str, Any]]:
    """The reports of devices, once there are so many."""
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline:
        reports = [row[4] for row in list(server.rows) if row[2] == "device"]
        if len(reports) >= count:
            return reports
        time.sleep(0.5)
    raise AssertionError(f"{len(reports)} reports of devices where {count} were awaited")


def points_of(estate: Estate, process: EquipmentProcess) -> list[Target]:
    """The estate's access points, as the server's config names them."""
    return [
        Target(device.key, device.kind, device.address, process.ports.snmp,
               community=device.community, serial=device.serial)
        for device in estate.devices if device.kind == "access-point"
    ]  # fmt: skip


def many_schools() -> Estate:
    """6,000 access points, each with an address of its own."""
    devices: list[SimDevice] = []
    for number in range(SWEEP_SCHOOLS):
        devices += [
            replace(device, key=f"{number}-{device.key}", serial=f"{device.serial}-{number}",
                    parent=device.parent and f"{number}-{device.parent}")
            for device in peers.a_school(4, SWEEP_POINTS).devices
        ]  # fmt: skip
    return Estate(tuple(devices), (), 1)


def sweep() -> tuple[float, float]:
    """MB and percent of a core of an agent that sweeps them each minute by gufo-snmp."""
    estate = many_schools()
    with EquipmentProcess(estate, at="10:00") as process:
        return live(points_of(estate, process), "gufo")


def answers(pid: int, addresses: list[str], port: int, community: str) -> float:
    """CPU microseconds of an answer to a GETBULK of four rows of five columns."""
    binds = b"".join(ber.encode_varbind(column, ber.NULL, None) for column in COLUMNS)
    before = cpu_of(pid)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(5)
        for number in range(QUESTIONS):
            question = ber.wrap(community.encode(), ber.GETBULK, number, 0, 4, binds)
            sock.sendto(question, (addresses[number % len(addresses)], port))
            answer = ber.open_message(sock.recv(65_535))
            assert answer.request_id == number
    return 1e6 * (cpu_of(pid) - before) / QUESTIONS


def tell(bar: str, figure: float, unit: str, limit: float | None, peer: Any, **more: Any) -> None:
    """One result in the form that benchmarks/run.py reads."""
    print(json.dumps({"bar": bar, "figure": round(figure, 3), "unit": unit, "limit": limit,
                      "peer": peer, "command": COMMAND} | more))  # fmt: skip


def main() -> int:
    estate = peers.a_school(4, POINTS)
    with EquipmentProcess(estate, at="10:00") as process:
        targets = points_of(estate, process)
        cpu_ms, a_second = duty(targets, "pysnmp")
        fast_ms, fast_a_second = duty(targets, "gufo")
        beside = commands(targets[:10])
        megabytes, percent = live(targets[:LIVE_POINTS], "pysnmp")
        assert process._process is not None
        ours = answers(process._process.pid, [t.address for t in targets], process.ports.snmp,
                       peers.COMMUNITY)  # fmt: skip
    theirs = None
    if shutil.which("snmpd", path="/usr/sbin:/usr/local/sbin"):
        with peers_snmpd.running() as snmpd:
            assert snmpd.process is not None
            theirs = answers(snmpd.process.pid, ["127.0.0.1"], snmpd.port, peers_snmpd.COMMUNITY)
    tell("agent: CPU to poll one access point over SNMP v2c", cpu_ms, "ms CPU", POLL_LIMIT_MS,
         None if beside is None else {"name": "net-snmp's snmpget and snmpbulkwalk",
                                      "figure": round(beside, 2)})  # fmt: skip
    tell("agent: CPU to poll one access point over SNMP v2c, by gufo-snmp", fast_ms, "ms CPU",
         FAST_POLL_LIMIT_MS, {"name": "pysnmp", "figure": round(cpu_ms, 2)})  # fmt: skip
    tell("agent: access points polled in a second (wall time)", a_second, "1/s", RATE_LIMIT,
         {"name": "by gufo-snmp", "figure": round(fast_a_second)}, at_least=True)  # fmt: skip
    what = f"a whole agent that polls {LIVE_POINTS} access points each minute"
    tell(f"agent: memory of {what}", megabytes, "MB", LIVE_LIMIT_MB, None)
    tell(f"agent: CPU of {what}", percent, "% of a core", LIVE_LIMIT_PERCENT, None)
    megabytes, percent = sweep()
    what = "a whole agent that sweeps 6,000 access points each minute, by gufo-snmp"
    tell(f"agent: CPU of {what}", percent, "% of a core", SWEEP_LIMIT_PERCENT,
         {"name": "pysnmp for its polls alone",
          "figure": round(cpu_ms * SWEEP_SCHOOLS * SWEEP_POINTS / INTERVAL_S / 10, 1)})  # fmt: skip
    tell(f"agent: memory of {what}", megabytes, "MB", None, None)
    tell(
        "simulated equipment: CPU to answer 20 interface variables",
        ours,
        "µs CPU",
        None,
        None if theirs is None else {"name": "net-snmp's snmpd", "figure": round(theirs, 1)},
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
