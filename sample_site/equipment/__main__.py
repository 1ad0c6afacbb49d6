"""`python -m sample_site.equipment --devices FILE.json [--control PATH] [--at 10:00]`.

Prints one line of JSON with its ports when all sockets are open, and runs until SIGTERM, SIGINT
or `stop` on the control socket. Exit codes: 0 done, 1 a reason on standard error.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import resource
import signal
import sys
from pathlib import Path

from sample_site.equipment.model import read_estate
from sample_site.equipment.server import Equipment, Ports


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m sample_site.equipment", description="Simulated network equipment."
    )
    parser.add_argument("--devices", type=Path, required=True, metavar="FILE",
                        help="the estate, as sample_site.equipment.model writes it")  # fmt: skip
    parser.add_argument("--control", type=Path, metavar="PATH", help="Unix socket for faults")
    parser.add_argument("--port", "--snmp-port", dest="snmp_port", type=int, default=0,
                        help="UDP port of all SNMP devices (0: any)")  # fmt: skip
    parser.add_argument("--line-port", type=int, default=0, help="port of the lines' ends")
    parser.add_argument("--rest-port", type=int, default=0, help="port of UniFi consoles")
    parser.add_argument("--at", default="", metavar="HH:MM",
                        help="begin at this time of a school day")  # fmt: skip
    arguments = parser.parse_args()
    if arguments.at and not re.fullmatch(r"([01]?\d|2[0-3]):[0-5]\d", arguments.at):
        parser.error(f"--at wants a time such as 10:05, not {arguments.at!r}")
    return arguments


async def _run(arguments: argparse.Namespace) -> None:
    equipment = Equipment(read_estate(arguments.devices), arguments.at)
    wanted = Ports(arguments.snmp_port, arguments.line_port, arguments.rest_port)
    ports = await equipment.start(wanted, arguments.control)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, equipment.stop)
    sys.stdout.write(json.dumps({"ready": True, "ports": ports._asdict()}) + "\n")
    sys.stdout.flush()
    await equipment.wait()
    await asyncio.sleep(0)


def main() -> int:
    """Run until stopped."""
    arguments = _arguments()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, 16_384)), hard))
    try:
        asyncio.run(_run(arguments))
    except (ValueError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
