"""Settings: environment (`SCHOOLOPS_…`, nested with `__`) > `schoolops.toml` > default."""

from __future__ import annotations

import re
from email.utils import parseaddr
from functools import cached_property
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from schoolops.core import colour, paths
from schoolops.core.errors import Unusable
from schoolops.core.settings_group import HOST, IS_ADDRESS, PORT, Group
from schoolops.core.ticket_settings import TicketSettings


class DatabaseSettings(Group):
    """Where the truth is kept."""

    url: str = ""
    """`postgresql+psycopg://user@host/name`, or empty for SQLite under the home folder."""

    pool_size: int = Field(default=10, ge=1, le=100)
    """Connections kept open to PostgreSQL."""


class ServerSettings(Group):
    """How the server listens and behaves."""

    host: str = "127.0.0.1"
    """Address of the TCP listener; a reverse proxy with TLS stands before it."""

    port: int = Field(default=8443, ge=0, le=65535)
    """Port of the TCP listener of `schoolops serve`."""

    certificate: str = ""
    """PEM file with the certificate chain, when the server speaks TLS itself."""

    certificate_key: str = ""
    """PEM file with the certificate's private key."""

    public_url: str = ""
    """The server's address for everybody else, such as https://schools.example: agents join by it,
    and Keycloak sends people back to it."""

    trusted_proxies: list[str] = []
    """Addresses of reverse proxies whose X-Forwarded-For and X-Forwarded-Proto are believed."""

    idle_minutes: float = Field(default=15, gt=0)
    """A server started on demand ends after so long without a request."""


MOST_SERVICES = 20
_IS_SERVICE = re.compile(r"[\w.-][\w. -]{0,38}[\w.-]|[\w.-]")
_IS_TARGET = re.compile(rf"{HOST}:{PORT}|https?://{HOST}(:{PORT})?(/[!$->@-~]*)?")


class AgentSettings(Group):
    """What agents are told to do."""

    interval_s: int = Field(default=60, ge=1, le=3600)
    """Seconds between two measurements."""

    look_every_s: int = Field(default=15, ge=0, le=3600)
    """Seconds between two looks at whether a line is cut or works again, and at devices that have
    just stopped or begun to answer; 0 turns them off."""

    discover_every_s: int = Field(default=6 * 3600, ge=0)
    """Seconds between two sweeps of the school's network; 0 turns them off."""

    invite_hours: float = Field(default=72, gt=0)
    """How long a one-time join code is good."""

    stale_after: float = Field(default=3, gt=1)
    """A fact is stale after so many intervals without a new one."""

    targets: list[str] = ["9.9.9.9:443", "1.1.1.1:443"]
    """host:port that a school's line is measured against, by TCP connect."""

    uplink_targets: dict[str, list[str]] = {}
    """Targets of single lines, by the uplink's key such as `164800/line1`."""

    snmp_port: int = Field(default=161, ge=1, le=65535)
    """Port on which network devices answer SNMP."""

    snmp_client: Literal["auto", "gufo", "pysnmp"] = "auto"
    """What asks them: `gufo` (fast: the extra `fast-snmp`), `pysnmp`, or the first of these that
    the agent has."""

    console_url: str = "https://{address}"
    """Where a UniFi console is asked; {address} is its management address. `#sha256=…` pins."""

    discovery_community: str = "public"
    """SNMP community with which unknown devices are asked who they are."""

    dns_names: list[str] = ["www.schulministerium.nrw"]
    """Names whose resolution is timed."""

    download_url: str = ""
    """File fetched by the scheduled line test; empty for none. `{target}` is the line's first
    target."""

    upload_url: str = ""
    """Where the scheduled line test uploads to; empty for none; `{target}` as above."""

    test_every_s: int = Field(default=3600, ge=0)
    """Seconds between two line tests."""

    services: dict[str, str] = {"apple-push": "courier.push.apple.com:5223"}
    """What lessons need, asked from each school: name → `host:port`, or an `https://` URL whose
    certificate and answer are looked at, such as `portal = "https://portal.city.example/"`. The
    city's own (MDM, portal, learning platform) have to be named here."""

    essential_services: list[str] = []
    """Names of those without which teaching does not work; without another one it is limited."""

    services_every_s: int = Field(default=300, ge=10, le=86_400)
    """Seconds between two rounds of questions to the services."""

    max_clock_offset_s: int = Field(default=1800, ge=5)
    """Reports whose clock is further off are refused; nearer ones are corrected."""

    @field_validator("services")
    @classmethod
    def _can_be_asked(cls, services: dict[str, str]) -> dict[str, str]:
        if len(services) > MOST_SERVICES:
            raise ValueError(f"an agent asks {MOST_SERVICES} services at most")
        for name, target in services.items():
            if not _IS_SERVICE.fullmatch(name):
                raise ValueError(f"{name!r} is no name of a service; write one such as mdm")
            if not _IS_TARGET.fullmatch(target):
                raise ValueError(f"write {name} as host:port or https://host/path, not {target!r}")
        return services

    @model_validator(mode="after")
    def _essential_is_asked(self) -> AgentSettings:
        for name in self.essential_services:
            if name not in self.services:
                raise ValueError(f"agent.essential_services names {name!r}, which is no service")
        return self


class TelemetrySettings(Group):
    """How long measurements are kept."""

    raw_hours: int = Field(default=48, ge=2)
    """Hours for which raw measurements stand as rows."""

    sealed_days: int = Field(default=30, ge=1)
    """Days for which each measurement is kept, packed."""

    fine_days: int = Field(default=396, ge=1)
    """Days for which least, mean and most of each 5 minutes are kept."""

    hourly_days: int = Field(default=1827, ge=1)
    """Days for which least, mean and most of each hour are kept: evidence against a provider."""

    readiness_at: str = Field(default="07:30", pattern=r"^([01]\d|2[0-3]):[0-5]\d$")
    """When it is recorded on school days whether teaching works (local time)."""

    readiness_days: int = Field(default=1827, ge=1)
    """Days for which that is kept."""

    remote_write_url: str = ""
    """A Prometheus or VictoriaMetrics that the newest measurements are handed on to, such as
    `https://metrics.city.example/api/v1/write`; needs the extra `remote-write`. Empty: none."""

    remote_write_secret_file: str = ""
    """File (0600) with the bearer token for it; empty for none."""


class ProofSettings(Group):
    """The limits that a line's month is held against, and how proofs are signed."""

    reached_share: float = Field(default=0.9, gt=0, le=1)
    """A test reaches the booked rate from this share of it on."""

    reached_days: float = Field(default=0.66, ge=0, le=1)
    """Share of the days with tests on which one test at least has to reach it: two of three."""

    usual_share: float = Field(default=0, ge=0, le=1)
    """Share of the booked rate that the contract names as usually available; 0: it names none."""

    usual_tests: float = Field(default=0.9, ge=0, le=1)
    """Share of the tests that have to reach the usual rate."""

    minimum_share: float = Field(default=0, ge=0, le=1)
    """Share of the booked rate that the contract names as the least; 0: it names none."""

    availability: float = Field(default=0, ge=0, le=1)
    """Availability in lesson time that the contract promises, such as 0.985; 0: none."""

    loss_percent: float = Field(default=0, ge=0, le=100)
    """Largest mean loss in lesson time by the contract; 0: it names none."""

    connect_ms: float = Field(default=0, ge=0)
    """Longest time of a TCP connect, of 95 % of the lesson time, by the contract; 0: none."""

    jitter_ms: float = Field(default=0, ge=0)
    """Largest jitter, of 95 % of the lesson time, by the contract; 0: none."""

    source: str = ""
    """Where the limits stand, such as `framework contract 2025-17, annex 3`, for the proof; empty:
    the Bundesnetzagentur's rule for consumers, as orientation."""

    least_tests: int = Field(default=30, ge=1)
    """With fewer tests in a month nothing is said about the bandwidth."""

    least_days: int = Field(default=3, ge=1)
    """The same of the days on which tests ran."""

    least_measured: float = Field(default=0.9, ge=0, le=1)
    """Share of the lesson time that has to be measured to say that a limit is met."""

    busy_share: float = Field(default=0.8, gt=0, le=1)
    """From this share of the booked rate on a line counts as busy."""

    certificate: str = ""
    """PEM file with the certificate that proofs are signed with, and its chain; empty: one made
    here (`keys/proof.pem` under the home folder)."""

    certificate_key: str = ""
    """PEM file (0600) with its private key; empty: `keys/proof.key` under the home folder."""

    timestamp_url: str = ""
    """A time stamping service (RFC 3161) that confirms when a proof was signed; empty: none."""

    @model_validator(mode="after")
    def _pair(self) -> ProofSettings:
        if bool(self.certificate) != bool(self.certificate_key):
            raise ValueError("proof.certificate and proof.certificate_key belong together")
        return self


class BackupSettings(Group):
    """Nightly backups."""

    folder: str = ""
    """Where backups go; empty for `backups` under the home folder."""

    at: str = Field(default="02:30", pattern=r"^([01]\d|2[0-3]):[0-5]\d$")
    """Local time of the nightly backup."""

    keep: int = Field(default=14, ge=1)
    """How many nightly backups are kept."""


class ImportSettings(Group):
    """Limits of file imports."""

    max_megabytes: int = Field(default=64, ge=1)
    """A larger file is refused."""


class IdentitySettings(Group):
    """Sign-in with Keycloak; without an issuer there are the computer's own user and tokens."""

    issuer: str = ""
    """URL of the realm, such as `https://login.example/realms/schoolops`; empty: no Keycloak."""

    audience: str = "schoolops"
    """What access tokens must be made out to."""

    cli_client: str = "schoolops-cli"
    """Client of the command line and the terminal UI (public, device grant)."""

    web_client: str = "schoolops-web"
    """Client of the web pages (confidential, code with PKCE)."""

    web_secret_file: str = ""
    """File (0600) with the web client's secret; empty for `keys/schoolops-web.secret` under the
    home folder, where the bootstrap puts it."""

    leeway_s: int = Field(default=30, ge=0, le=300)
    """How far Keycloak's clock may be off when a token is checked."""

    session_hours: float = Field(default=10, gt=0)
    """A web session ends after so long, whatever happens in it."""

    session_idle_minutes: float = Field(default=60, gt=0)
    """A web session ends after so long without a request."""

    outage_minutes: float = Field(default=60, ge=0)
    """How long web sessions live on while Keycloak does not answer."""

    admin_url: str = ""
    """Keycloak's address for administration; empty for the issuer's server."""

    admin_client: str = "schoolops-admin"
    """Service account that finds users and resets passwords; the bootstrap makes it."""

    admin_secret_file: str = ""
    """File (0600) with its secret; empty for `keys/schoolops-admin.secret` under the home folder,
    where the bootstrap puts it."""

    ldap_url: str = ""
    """`ldaps://…` of a directory whose accounts Keycloak federates; empty for none."""

    ldap_vendor: str = Field(default="other", pattern=r"^(other|ad|ucs)$")
    """What it is: `ad` (Active Directory), `ucs` (Univention) or `other`."""

    ldap_users_dn: str = ""
    """Where its users are, such as `ou=people,dc=example,dc=org`."""

    ldap_bind_dn: str = ""
    """As whom Keycloak reads it; an account that may only read."""

    ldap_bind_secret_file: str = ""
    """File (0600) with that account's password."""

    @field_validator("issuer", "admin_url")
    @classmethod
    def _address(cls, url: str) -> str:
        parts = urlsplit(url)
        loopback = parts.hostname in ("localhost", "127.0.0.1", "::1")
        if url and not (parts.hostname and (parts.scheme == "https" or loopback)):
            raise ValueError(f"write it as https://login.example/realms/schoolops, not {url!r}")
        return url.rstrip("/")


class PortalSettings(Group):
    """How the web pages look, and who answers for them."""

    name: str = ""
    """What the pages are called, such as 'Schulportal Köln'; empty for the city's name."""

    logo: str = ""
    """File with the city's logo (SVG, PNG or WebP, at most 200 kB); it is shown 40 pixels high."""

    accent: str = "#0a5ca8"
    """Colour of links and buttons, as #rrggbb; white text must be readable on it."""

    operator: str = ""
    """Who runs the pages: name and address, for the imprint; lines are kept."""

    support: str = ""
    """Where people get help: a telephone number or mail address, shown at the foot."""

    accessibility_contact: str = ""
    """Where barriers are reported: a mail address or telephone number."""

    privacy_officer: str = ""
    """The data protection officer: name and address; lines are kept."""

    @field_validator("accent")
    @classmethod
    def _readable(cls, accent: str) -> str:
        if colour.contrast(accent, colour.WHITE) < colour.READABLE:
            near = colour.readable_on(colour.WHITE, accent)
            raise ValueError(f"white text cannot be read on {accent}; {near} would do")
        return accent.lower()


class MailSettings(Group):
    """Outgoing mail; without a host none goes out."""

    host: str = ""
    """The mail server that takes the city's mail, such as `mail.city.example`; empty: no mail."""

    port: int = Field(default=587, ge=1, le=65535)
    """Its port: 587 with `starttls`, 465 with `tls`, 25 with `none`."""

    tls: Literal["starttls", "tls", "none"] = "starttls"
    """`starttls`: encrypted after the greeting; `tls`: from the first byte; `none`: not at all, for
    a server on the same machine."""

    ca_file: str = ""
    """PEM file with the authority that vouches for the mail server, when the system has none."""

    username: str = ""
    """As whom the server signs in there; empty: without a sign-in."""

    secret_file: str = ""
    """File (0600) with that account's password; empty for `keys/mail.secret` under the home
    folder."""

    sender: str = ""
    """Who writes, such as `Schul-IT Köln <schul-it@city.example>`; what cannot be delivered comes
    back there."""

    language: Literal["de", "en"] = "de"
    """Language of the mails."""

    timeout_s: float = Field(default=20, gt=0, le=120)
    """So long the mail server may be silent; a whole mail may take four times as long."""

    give_up_hours: float = Field(default=48, gt=0)
    """A mail that could not be delivered for so long is given up, and kept as failed."""

    keep_days: float = Field(default=14, ge=0)
    """Sent and failed mails are deleted after so long, with their texts and addresses."""

    @model_validator(mode="after")
    def _usable(self) -> MailSettings:
        if not self.host:
            return self
        if not IS_ADDRESS.fullmatch(parseaddr(self.sender)[1]) or not self.sender.isprintable():
            raise ValueError(
                "mail.sender is needed with mail.host; write it as 'Name <name@city.example>'"
            )
        local = self.host in ("localhost", "127.0.0.1", "::1")
        if self.username and self.tls == "none" and not local:
            raise ValueError(
                "a password goes to another machine over TLS only; set mail.tls to starttls or tls"
            )
        return self


class Webhook(Group):
    """Somebody else's system that is told of incidents."""

    url: str
    """Where it takes a POST with JSON, by HTTPS."""

    secret_file: str
    """File (0600) with the secret by which it knows that schoolops wrote."""

    @field_validator("url")
    @classmethod
    def _safe(cls, url: str) -> str:
        parts = urlsplit(url)
        local = parts.hostname in ("localhost", "127.0.0.1", "::1")
        if not parts.hostname or not (
            parts.scheme == "https" or (local and parts.scheme == "http")
        ):
            raise ValueError(f"write it as https://desk.example/hook, not {url!r}")
        return url


class AlertSettings(Group):
    """Alerts, incidents, and who is told."""

    mail_to: list[str] = []
    """Mail addresses that are told of every incident, such as the help desk's."""

    tell: Literal["info", "warning", "critical"] = "warning"
    """The least severity that somebody is told of."""

    tell_after_s: int = Field(default=30, ge=0, le=3600)
    """People are told after so long, so that one fault at many schools is told once."""

    escalate_minutes: int = Field(default=20, ge=1, le=1440)
    """A critical incident that nobody has acknowledged is told to level 2 after so long."""

    provider_schools: int = Field(default=3, ge=2, le=1000)
    """So many schools of one provider that fail together are one incident of the provider."""

    keep_days: int = Field(default=730, ge=7)
    """Closed incidents are kept for so long."""

    webhooks: list[Webhook] = []
    """Systems of others that are told as people are."""


class Settings(BaseSettings):
    """All settings. Each field's docstring is its documentation."""

    model_config = SettingsConfigDict(
        env_prefix="SCHOOLOPS_",
        env_nested_delimiter="__",
        extra="ignore",
        use_attribute_docstrings=True,
    )

    city: str = "schoolops"
    """The city's name, as screens and pages show it."""

    timezone: str = "Europe/Berlin"
    """Zone of all times that people see or set, such as Europe/Berlin."""

    database: DatabaseSettings = DatabaseSettings()
    server: ServerSettings = ServerSettings()
    agent: AgentSettings = AgentSettings()
    telemetry: TelemetrySettings = TelemetrySettings()
    proof: ProofSettings = ProofSettings()
    backup: BackupSettings = BackupSettings()
    imports: ImportSettings = ImportSettings()
    identity: IdentitySettings = IdentitySettings()
    portal: PortalSettings = PortalSettings()
    mail: MailSettings = MailSettings()
    alerts: AlertSettings = AlertSettings()
    tickets: TicketSettings = TicketSettings()

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (LookupError, ValueError, OSError):
            raise ValueError(
                f"there is no time zone {name!r}; write one such as Europe/Berlin, "
                "or install tzdata"
            ) from None
        return name

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        if isinstance(env_settings, EnvSettingsSource):
            # `SCHOOLOPS_SERVER` names the server that commands talk to; it is no settings group.
            env_settings.env_vars = {
                name: value
                for name, value in env_settings.env_vars.items()
                if name != "schoolops_server"
            }
        toml = TomlConfigSettingsSource(settings_cls, paths.home() / "schoolops.toml")
        return init_settings, env_settings, toml

    @cached_property
    def home(self) -> Path:
        """The home folder (`SCHOOLOPS_HOME`)."""
        return paths.home()

    @property
    def database_url(self) -> str:
        """The database's URL with the default filled in."""
        return self.database.url or f"sqlite:///{self.home / 'schoolops.db'}"

    @property
    def backup_folder(self) -> Path:
        return Path(self.backup.folder) if self.backup.folder else self.home / "backups"


def load_settings(**overrides: Any) -> Settings:
    """Read the settings; a wrong one raises `Unusable` with its name and what was expected."""
    try:
        return Settings(**overrides)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        raise Unusable(
            f"the setting {name} is wrong: {first['msg'].removeprefix('Value error, ')}; "
            f"mend it in schoolops.toml or in SCHOOLOPS_{name.upper().replace('.', '__')}",
            code="setup.settings",
        ) from None
    except (OSError, ValueError) as error:
        raise Unusable(
            f"{paths.home() / 'schoolops.toml'} cannot be read: {error}", code="setup.settings"
        ) from None
