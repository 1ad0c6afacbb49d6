"""UniFi controllers over REST: UniFi OS consoles and the classic Network application.

The target's `url` is the controller's, `https://unifi.example.org:8443`; a site other than
`default` is `?site=NAME`. Consoles show certificates of their own: pin one with
`#sha256=FINGERPRINT`. With a user name the controller is logged into (`/api/auth/login`, on the
classic application `/api/login`); without, the password is an API key of UniFi OS.

The list is `/api/s/<site>/stat/device` (on UniFi OS below `/proxy/network`). Of each device are
read: mac, serial, state (1 is connected), uptime, system-stats (cpu, mem, in percent as text),
radio_table_stats (radio, num_sta), uplink (rx_bytes, tx_bytes), general_temperature.
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

from agents.address import parse_server
from agents.controllers import Point
from agents.errors import AgentError, BadAnswer, TlsMismatch, WrongUse
from agents.protocol import Target
from agents.snmp.reading import Reading
from agents.snmp.serials import normal
from agents.transport import Client

BANDS = {"ng": "24", "na": "5", "6e": "6"}
_TIMEOUT_S = 10.0
_UNTRUSTED = ("its certificate is not trusted: install its CA, or add the certificate's "
              "fingerprint to the URL as #sha256=…")  # fmt: skip


class UnifiController:
    """A logged-in connection to one controller; `read` may be called again and again."""

    def __init__(self, url: str, username: str, password: str) -> None:
        parts = urlsplit(url)
        pin = parse_qs(parts.fragment).get("sha256", [""])[0]
        self._site = parse_qs(parts.query).get("site", ["default"])[0]
        base = f"{parts.scheme}://{parts.netloc}{parts.path}"
        self._client = Client(parse_server(base, pin=pin), timeout=_TIMEOUT_S)
        self._username, self._password = username, password
        self._proxy = ""
        self._headers: dict[str, str] = {}
        if not username:
            self._proxy = "/proxy/network"
            self._headers = {"X-API-KEY": password}

    def read(self) -> list[Point]:
        """All devices the controller lists, access points and switches. Raises AgentError."""
        try:
            return [_point(item) for item in self._devices() if item.get("mac")]
        except TlsMismatch:
            raise TlsMismatch(_UNTRUSTED) from None

    def close(self) -> None:
        """End the connection."""
        self._client.close()

    def _devices(self) -> list[dict[str, Any]]:
        path = f"/api/s/{quote(self._site, safe='')}/stat/device"
        for attempt in (1, 2):
            if not self._headers:
                self._login()
            answer = self._client.request("GET", self._proxy + path, headers=self._headers)
            if answer.status == 200:
                return _items(answer.body)
            if answer.status not in (401, 403):
                break
            if not self._username:
                raise WrongUse("the controller refuses the API key")
            self._headers = {}  # the session has ended: log in again, once
            if attempt == 2:
                raise WrongUse("the controller's user may not read the site's devices")
        raise BadAnswer(f"the controller answers HTTP {answer.status} for its list of devices")

    def _login(self) -> None:
        body = json.dumps({"username": self._username, "password": self._password}).encode()
        headers = {"Content-Type": "application/json"}
        for path, proxy in (("/api/auth/login", "/proxy/network"), ("/api/login", "")):
            answer = self._client.request("POST", path, body, headers)
            if answer.status == 200:
                cookies = _cookies(answer.headers.get("set-cookie", ""))
                if not cookies:
                    raise BadAnswer("the controller gives no session at log-in")
                self._proxy = proxy
                self._headers = {"Cookie": cookies}
                if token := answer.headers.get("x-csrf-token"):
                    self._headers["X-CSRF-Token"] = token
                return
            if answer.status == 429:
                raise BadAnswer("the controller wants fewer log-ins: it will be asked later")
            if answer.status in (400, 401, 403):
                raise WrongUse("the controller refuses the user name or password")
        raise BadAnswer("this is no UniFi controller: it has no log-in")


def unifi_for(target: Target) -> UnifiController:
    """The controller of a target. Raises AgentError for a URL that cannot work."""
    url = target.url or f"https://{target.address}:{target.port or 443}"
    return UnifiController(url, target.username, target.password)


def _items(body: bytes) -> list[dict[str, Any]]:
    try:
        data = json.loads(body)
        items = data["data"]
    except (ValueError, KeyError, TypeError):
        raise BadAnswer("the controller's answer is not the list of devices") from None
    if not isinstance(items, list):
        raise BadAnswer("the controller's answer is not the list of devices")
    return [item for item in items if isinstance(item, dict)]


def _cookies(header: str) -> str:
    """The name=value parts of Set-Cookie headers that were joined by commas."""
    pairs = []
    for part in header.split(","):
        pair = part.split(";")[0].strip()
        name, equals, value = pair.partition("=")
        if equals and value and " " not in name:
            pairs.append(pair)
    return "; ".join(pairs)


def _point(item: dict[str, Any]) -> Point:
    reading = Reading(
        uptime_s=_number(item.get("uptime")),
        cpu_percent=_number(_part(item, "system-stats").get("cpu")),
        memory_used_percent=_number(_part(item, "system-stats").get("mem")),
        temperature_c=_number(item.get("general_temperature")),
    )
    uplink = _part(item, "uplink")
    for name in ("rx_bytes", "tx_bytes"):
        value = _number(uplink.get(name, item.get(name)))
        setattr(reading, name, None if value is None else int(value))
    radios = item.get("radio_table_stats")
    for radio in radios if isinstance(radios, list) else []:
        count = _number(radio.get("num_sta")) if isinstance(radio, dict) else None
        if count is not None:
            reading.add_clients(BANDS.get(str(radio.get("radio")), ""), int(count))
    serial = str(item.get("serial", ""))
    names = {normal(str(item["mac"])), normal(serial)} - {""}
    return Point(names, item.get("state") == 1, reading, serial)


def _part(item: dict[str, Any], name: str) -> dict[str, Any]:
    part = item.get(name)
    return part if isinstance(part, dict) else {}


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        return float(value)
    except ValueError:
        return None


__all__ = ["AgentError", "UnifiController", "unifi_for"]
