"""The wire between an agent and the server: the one description both sides use.

An agent's *report* is one row: one subject (its host, an uplink, a network device, a device
found on the LAN) at one time. Reports are numbered without gaps by `seq` within a *boot*, and
travel in a `Batch`: columns of equal length, JSON, gzip (a small one plain), one POST. The
server answers an `Ack` only after its transaction is on disk. It keeps one number per (agent,
boot), the highest `seq` booked, so a batch sent again books only what is new.

- Rows up to the booked number are repeats: skipped, acknowledged again.
- A batch that begins beyond the next expected number is refused (409, code
  `report.out_of_order`, with `acked_seq`), unless `lost_before` says that the agent had to
  drop what lies between. `lost_before` is 0, or the smallest `seq` that still exists: every
  smaller one that was not acknowledged is lost for good. So the batch is taken when
  `first_seq <= booked + 1` or `first_seq <= lost_before`. A batch itself has no gaps.

Times are integer UTC microseconds of the agent's clock (`observed_at`); the server adds its own
receive time and answers `server_time`, from which the agent knows its offset. Rates are bit/s,
durations milliseconds, sizes bytes, temperatures °C, loads and losses percent. `None` is
'not known', never zero.
"""

# ruff: noqa: RUF012 - the defaults of a NamedTuple are never changed in place

from __future__ import annotations

from agents.jsontext import to_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NamedTuple
else:
    from agents.tuples import Any, NamedTuple

VERSION = 1
CONTENT_TYPE = "application/json"
MAX_BODY_BYTES = 4 * 1024 * 1024
"""Compressed size the server reads at most."""
MAX_JSON_BYTES = 32 * 1024 * 1024
"""Size after decompression at most: a gzip bomb is refused."""
MAX_ROWS = 20_000

JOIN_PATH = "/v1/agent/join"
REPORT_PATH = "/v1/agent/reports"
CONFIG_PATH = "/v1/agent/config"
RELEASE_PATH = "/v1/agent/releases"
MAX_RELEASE_BYTES = 4 * 1024 * 1024
AGENT_RUN = "agent-run"
"""Header with a number that each start of an agent draws anew, and its MAC address: so two machines
with one identity are told apart (`schoolops.fleet.clones`)."""
REQUEST_NUMBER = "request-number"
"""Header that counts an agent's requests. The answer repeats it, so that one which arrives twice
is not taken for the answer to the next request."""


class HostReport(NamedTuple):
    """The machine the agent runs on, from /proc and /sys."""

    cpu_percent: float | None = None
    load_1: float | None = None
    memory_used_percent: float | None = None
    disk_used_percent: float | None = None
    temperature_c: float | None = None
    uptime_s: int | None = None
    rx_bytes: int | None = None  # counters of the uplink interface, 64 bit
    tx_bytes: int | None = None
    spool_rows: int | None = None
    dropped_rows: int | None = None


class UplinkReport(NamedTuple):
    """One school line, seen from inside."""

    uplink: str = ""  # the uplink's name at the school
    connect_ms: float | None = None  # median TCP connect time
    rtt_ms: float | None = None  # ICMP where allowed
    jitter_ms: float | None = None  # standard deviation of the connect times
    loss_percent: float | None = None
    dns_ms: float | None = None
    rx_bps: float | None = None  # by interface counters since the last report
    tx_bps: float | None = None
    test_down_bps: float | None = None  # by the scheduled download and upload test
    test_up_bps: float | None = None
    reachable: bool | None = None


class DeviceReport(NamedTuple):
    """One switch, access point, router or controller, as read over SNMP or from a controller."""

    device: str = ""  # the key under which the server's config named it
    reachable: bool | None = None
    response_ms: float | None = None
    uptime_s: float | None = None
    cpu_percent: float | None = None
    memory_used_percent: float | None = None
    temperature_c: float | None = None
    clients: int | None = None  # all radios
    clients_24: int | None = None
    clients_5: int | None = None
    clients_6: int | None = None
    ports_up: int | None = None
    rx_bytes: int | None = None  # IF-MIB 64-bit counters, sum over the uplink or all ports
    tx_bytes: int | None = None
    errors: int | None = None
    source: str = ""  # snmp, controller, unifi
    error: str = ""  # why it could not be read; no secrets


class DiscoveredReport(NamedTuple):
    """A device on the school's LAN that the server's config does not know."""

    address: str = ""
    mac: str = ""
    name: str = ""
    description: str = ""
    kind: str = ""
    serial: str = ""


class ServiceReport(NamedTuple):
    """A service that lessons need, as it was had from the school."""

    service: str = ""  # the service's name in the server's settings
    reachable: bool | None = None
    connect_ms: float | None = None  # TCP
    tls_ms: float | None = None
    status: int | None = None  # of HTTP; of a URL alone
    error: str = ""  # why it could not be had


class ResultReport(NamedTuple):
    """What became of a command: the answer to it, once."""

    command: str = ""
    state: str = ""  # done, failed, refused
    text: str = ""  # a sentence for people
    data: str = ""  # a JSON object, at most MAX_RESULT_CHARS; '' for none


MAX_RESULT_CHARS = 16_000
RESULT_STATES = ("done", "failed", "refused")

REPORTS: dict[str, type[Any]] = {
    "host": HostReport,
    "uplink": UplinkReport,
    "device": DeviceReport,
    "discovered": DiscoveredReport,
    "result": ResultReport,
    "service": ServiceReport,
}
"""Table of a batch → the report whose fields are its columns."""


class Row(NamedTuple):
    """A report on its way: what the spool holds."""

    seq: int
    observed_at: int
    table: str
    report: tuple[Any, ...]


class Batch(NamedTuple):
    """What one POST carries. `tables` maps a table's name to columns: `seq`, `observed_at`,
    then the report's fields; a column whose values are all None is left out."""

    agent: str
    boot: str
    first_seq: int
    last_seq: int
    lost_before: int
    sent_at: int
    tables: dict[str, dict[str, tuple[Any, ...]]]
    version: int = VERSION
    shifted_by: int = 0
    """What the agent has added to its own clock's times, once the server had refused them."""


class Ack(NamedTuple):
    """The answer to a batch: everything up to `acked_seq` of this boot is on disk."""

    acked_seq: int
    server_time: int
    config_etag: str
    commands: list[dict[str, Any]] = []


class Command(NamedTuple):
    """What a person asks of an agent; it rides on each reply until it is answered or expires.

    `mac` is `command_mac` with the key that both got when the agent joined, so that whoever
    merely stands between them, or reads the database without its keys, can ask for nothing.
    """

    id: str
    kind: str  # see agents.commands
    arguments: str  # JSON of an object, as it was signed
    expires: int  # the server's time from which it must not be carried out any more
    mac: str


def command_mac(key: str, agent: str, command: Command) -> str:
    """HMAC-SHA-256 in hex over all of a command and the agent it is for."""
    import hmac

    parts = (agent, command.id, command.kind, str(int(command.expires)), command.arguments)
    text = to_json(["schoolops command 1", *parts])
    return hmac.digest(key.encode(), text.encode(), "sha256").hex()


def release_statement(version: str, sha256: str, size: int) -> bytes:
    """What the Ed25519 signature of a release of the agent is over."""
    return to_json(["schoolops agent release 1", version, sha256, size]).encode()


def version_parts(version: str) -> list[int]:
    """The numbers of a version such as 0.2.10; ValueError if it is none."""
    parts = version.split(".")
    if not 1 <= len(parts) <= 4 or not all(
        part.isascii() and part.isdigit() and len(part) < 10 for part in parts
    ):
        raise ValueError(f"{version!r} is no version")
    return [int(part) for part in parts]


def is_older(version: str, other: str) -> bool:
    """Whether a version came before another; ValueError if one is none."""
    return version_parts(version) < version_parts(other)


class Target(NamedTuple):
    """A network device the agent reads, as the server's config names it."""

    device: str
    kind: str
    address: str
    port: int = 161
    method: str = "snmp"  # snmp, controller, unifi
    vendor: str = ""
    snmp_version: str = "2c"
    community: str = ""
    username: str = ""
    auth_protocol: str = ""  # MD5, SHA, SHA256, SHA512
    auth_key: str = ""
    privacy_protocol: str = ""  # DES, AES, AES256
    privacy_key: str = ""
    url: str = ""  # of a controller with REST
    password: str = ""
    identifiers: list[str] = []  # MACs and serial, lower case: how a controller lists it
    serial: str = ""  # as it is recorded; a device that tells another one is not this one


class UplinkTarget(NamedTuple):
    """A line to measure: TCP connect to `targets` (host:port), DNS by `dns_names`."""

    uplink: str
    interface: str = ""  # '' = the one of the default route
    targets: list[str] = []
    dns_names: list[str] = []
    download_url: str = ""
    upload_url: str = ""
    test_every_s: int = 0  # 0 = no throughput test


class ServiceTarget(NamedTuple):
    """A service to ask: `host:port`, or an http:// or https:// URL."""

    service: str
    target: str


class Config(NamedTuple):
    """What the server tells an agent to do. Secrets stay in memory, never on disk."""

    etag: str
    agent: str
    school: str
    interval_s: int = 60
    discover_every_s: int = 0  # 0 = never
    networks: list[str] = []  # CIDR, swept for unknown devices; at most /20 altogether
    uplinks: list[UplinkTarget] = []
    targets: list[Target] = []
    discovery_community: str = "public"
    known_addresses: list[str] = []
    look_every_s: int = 0  # between two ticks: is each line as it was? 0 = not
    test_windows: list[list[int]] = []
    """Scheduled throughput tests run within these times only: [begin, end) in UTC seconds, in
    order, outside of lessons and exams, for two weeks or more ahead. An agent whose list has run
    out, or that never got one, tests nothing."""
    services: list[ServiceTarget] = []
    services_every_s: int = 300
    snmp_client: str = "auto"
    """Which library asks the devices: a name in agents.snmp.clients, or the first installed."""
    release_key: str = ""
    """Ed25519 public key (hex) of releases, for agents that joined before there was one."""


def config_from_json(data: dict[str, Any]) -> Config:
    """Build a Config from decoded JSON; unknown keys are ignored (a newer server)."""
    values = {name: data[name] for name in Config._fields if name in data}
    values["uplinks"] = [_build(UplinkTarget, item) for item in values.get("uplinks", [])]
    values["targets"] = [_build(Target, item) for item in values.get("targets", [])]
    values["services"] = [_build(ServiceTarget, item) for item in values.get("services", [])]
    return Config(**values)


def _build(kind: Any, item: dict[str, Any]) -> Any:
    return kind(**{name: item[name] for name in kind._fields if name in item})


def config_to_json(config: Config) -> dict[str, Any]:
    """The reverse of `config_from_json`."""
    data = config._asdict()
    data["uplinks"] = [item._asdict() for item in config.uplinks]
    data["targets"] = [item._asdict() for item in config.targets]
    data["services"] = [item._asdict() for item in config.services]
    return data


def make_batch(agent: str, boot: str, rows: list[Row], lost_before: int, now: int) -> Batch:
    """Turn consecutive rows into columns. `rows` must not be empty and be in order of seq."""
    lines: dict[str, list[tuple[Any, ...]]] = {}
    for seq, observed_at, table, report in rows:
        lines.setdefault(table, []).append((seq, observed_at, *report))
    tables = {}
    for table, mine in lines.items():
        fields = ("seq", "observed_at", *REPORTS[table]._fields)
        columns = zip(fields, zip(*mine, strict=True), strict=True)
        tables[table] = {
            field: values for field, values in columns if values.count(None) < len(values)
        }
    return Batch(agent, boot, rows[0].seq, rows[-1].seq, lost_before, now, tables)


def encode_batch(batch: Batch) -> bytes:
    """JSON of a batch, not yet compressed."""
    return to_json(batch._asdict()).encode()
