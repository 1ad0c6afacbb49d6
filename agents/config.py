"""The server's orders: fetched with an ETag, remembered on disk without the secrets.

After a restart without a server an agent goes on with its host and its lines. What needs a
secret (SNMP, controllers) waits for the server, because `complete` is False until a config has
come over the network in this process.
"""

from __future__ import annotations

from agents.errors import BadAnswer
from agents.jsontext import from_json
from agents.protocol import CONFIG_PATH, Config, config_from_json, config_to_json
from agents.state import State
from agents.transport import Answer, Client

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_SECRET_FIELDS = ("community", "auth_key", "privacy_key", "password")
MIN_INTERVAL_S = 1
MAX_INTERVAL_S = 24 * 3600
MIN_SERVICES_S = 10


def without_secrets(config: Config) -> dict[str, Any]:
    """The config as it may lie on a disk."""
    data = config_to_json(config._replace(discovery_community=""))
    for target in data["targets"]:
        for name in _SECRET_FIELDS:
            target[name] = ""
    return data


def read_config(data: Any) -> Config:
    """A checked Config; raises ValueError if it is not one. Missing parts have defaults."""
    if not isinstance(data, dict):
        raise ValueError("a config is an object")
    try:
        config = config_from_json(data)
        config = config._replace(
            interval_s=min(max(int(config.interval_s), MIN_INTERVAL_S), MAX_INTERVAL_S),
            discover_every_s=max(int(config.discover_every_s), 0),
            look_every_s=max(int(config.look_every_s), 0),
            services_every_s=max(int(config.services_every_s), MIN_SERVICES_S),
            test_windows=[[int(begin), int(end)] for begin, end in config.test_windows],
        )
    except (TypeError, AttributeError) as error:
        raise ValueError(f"the config is not understood: {error}") from None
    return config


class ConfigKeeper:
    """The config in force. Replaced as a whole, so readers in other threads need no lock."""

    def __init__(self, state: State, agent: str, school: str = "") -> None:
        self._state = state
        self.config = Config(etag="", agent=agent, school=school)
        self.source = "none"
        """server, disk, or none."""
        self.on_change: Callable[[], object] | None = None
        """Called, from the thread that took it, when another config comes into force."""
        self._http_etag = ""
        self._passed_over = ""
        self._release_key = ""
        self._current = ""
        """The ETag last found to be no news."""
        try:
            self.config = read_config(state.read("config.json"))
            self.source = "disk"
        except ValueError:
            pass

    @property
    def complete(self) -> bool:
        """True when the secrets are there."""
        return self.source == "server"

    def take(self, data: Any, http_etag: str = "") -> None:
        """Put a config of the server in force. Raises ValueError."""
        config = read_config(data)
        changed, first = config != self.config, not self.complete
        self.config = config
        self.source = "server"
        self._http_etag = http_etag
        self._current = ""
        if config.release_key and config.release_key != self._release_key:
            self._release_key = config.release_key
            self._state.learn_release_key(config.release_key)
        if changed:
            self._state.write("config.json", without_secrets(config), durable=True)
        if (changed or first) and self.on_change:
            self.on_change()

    def is_outdated(self, etag: str) -> bool:
        """True if an acknowledgement with this `config_etag` means that there is a new config."""
        if self.source != "server":
            return True
        if etag == self._current:
            return False
        known = ("", self._passed_over, _bare(self.config.etag), _bare(self._http_etag))
        if _bare(etag) not in known:
            return True
        self._current = etag
        return False

    def fetch(self, client: Client, wanted: str = "") -> Answer:
        """Ask the server; a 200 is put in force, and so returned like any other answer.

        `wanted` is the ETag that made us ask: if the server then tells another one, it is not
        asked for the same one at every tick. Raises TransportError.
        """
        headers = {"Accept": "application/json"}
        if self.complete and self._http_etag:
            headers["If-None-Match"] = self._http_etag
        answer = client.request("GET", CONFIG_PATH, headers=headers)
        if answer.status == 200:
            try:
                self.take(from_json(answer.body), answer.headers.get("etag", ""))
            except ValueError as error:
                raise BadAnswer(f"the server's config is not understood: {error}") from None
        if answer.status in (200, 304):
            self._passed_over = self._current = ""
            if self.is_outdated(wanted):
                self._passed_over = _bare(wanted)
        return answer


def _bare(etag: str) -> str:
    return etag.removeprefix("W/").strip('"')
