"""The checks of `schoolops doctor`. Each looks at one thing, changes nothing and never raises."""

from __future__ import annotations

import datetime as dt
import os
import shutil
import stat
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from schoolops.core import paths

if TYPE_CHECKING:
    from schoolops.core.settings import Settings

GIB = 1024**3
DAY_S = 86_400


class Check(NamedTuple):
    """What was looked at, how it is (ok, warn, fail), and a sentence with what to do."""

    check: str
    state: str
    detail: str


State = tuple[str, str]


def run_checks(server: str | None = None) -> list[Check]:
    """All checks, in the order in which one would mend things."""
    checks: list[Check] = []

    def add(name: str, look: Callable[[], State]) -> None:
        try:
            state, detail = look()
        except Exception as error:
            state, detail = "fail", f"could not be checked: {error}"
        checks.append(Check(name, state, detail))

    home = paths.home()
    add("Python", check_python)
    add("home folder", lambda: check_home(home))
    add("disk space", lambda: check_space(home))
    settings: list[Settings] = []
    add("settings", lambda: check_settings(settings))
    server = server or os.environ.get("SCHOOLOPS_SERVER")
    if server:
        add("server", lambda: check_remote(server))
    else:
        if settings:
            add("database", lambda: check_database(settings[0]))
            add("row-level security", lambda: check_row_security(settings[0]))
        add("server", lambda: check_server(home))
        add("socket", lambda: check_socket(home))
        if settings:
            add("agents", lambda: _check_agents(settings[0]))
            add("backups", lambda: check_backups(settings[0]))
            add("measurements", lambda: _check_archive(settings[0]))
            add("web texts", lambda: check_web_texts(settings[0]))
            add("alert rules", lambda: check_rules(home))
            add("mail", lambda: check_mail(settings[0]))
            add("tickets by mail", lambda: _check_ticket_mail(settings[0]))
            add("sign-in", lambda: _check_sign_in(settings[0]))
            add("proof certificate", lambda: _check_proof(settings[0]))
        add("key file", lambda: check_key(home))
    add("SNMP", check_snmp)
    add("clock", check_clock)
    add("school holidays", check_school_holidays)
    add("terminal", check_terminal)
    return checks


def check_python() -> State:
    import sqlite3

    version = ".".join(str(part) for part in sys.version_info[:3])
    if sqlite3.sqlite_version_info < (3, 35):
        return "fail", f"SQLite {sqlite3.sqlite_version} is too old; take 3.35 or newer"
    return "ok", f"Python {version}, SQLite {sqlite3.sqlite_version}"


def check_home(home: Path) -> State:
    if not home.exists():
        parent = next(folder for folder in home.parents if folder.exists())
        if not os.access(parent, os.W_OK):
            return "fail", f"{home} cannot be made; set SCHOOLOPS_HOME to a folder of yours"
        return "ok", f"{home} is made with the first use"
    if not home.is_dir():
        return "fail", f"{home} is no folder; set SCHOOLOPS_HOME to one"
    if not os.access(home, os.W_OK | os.X_OK):
        return "fail", f"{home} cannot be written; mend its owner, or set SCHOOLOPS_HOME"
    if home.stat().st_mode & 0o077:
        return "warn", f"others on this computer can look into {home}; run: chmod 700 '{home}'"
    return "ok", str(home)


def check_space(home: Path) -> State:
    folder = home if home.exists() else next(part for part in home.parents if part.exists())
    free = shutil.disk_usage(folder).free
    told = f"{free / GIB:.1f} GiB free"
    if free < GIB // 4:
        return "fail", f"{told}; make room, or the server soon cannot write"
    if free < 2 * GIB:
        return "warn", f"{told}; backups and upgrades need more, make room"
    return "ok", told


def check_rules(home: Path) -> State:
    from schoolops.alerts.reading import load

    found = load(home)
    if found.problems:
        told = "; ".join(found.problems)
        return "warn", f"not in force: {told}; mend it, it counts within seconds"
    own = sum(len(file.rules) for file in found.files.values())
    return "ok", f"{len(found.rules)} in force, {own} of them of the city"


def check_settings(found: list[Settings]) -> State:
    from schoolops.core.errors import Unusable
    from schoolops.core.settings import load_settings

    try:
        settings = load_settings()
    except Unusable as error:
        return "fail", error.detail
    found.append(settings)
    file = paths.home() / "schoolops.toml"
    return "ok", f"{file} and environment" if file.exists() else "defaults and environment"


def check_database(settings: Settings) -> State:
    from schoolops.cli.db import status_of
    from schoolops.core.errors import SchoolopsError

    name = "SQLite" if settings.database_url.startswith("sqlite") else "PostgreSQL"
    try:
        found = status_of(settings)
    except SchoolopsError as error:
        return "fail", error.detail
    if found["newer"]:
        return "fail", f"{name} was upgraded by a newer schoolops; install that version"
    if found["current"] is None:
        return "ok", f"{name}; its tables are made with the first use"
    if not found["up_to_date"]:
        return "warn", (
            f"{name} is at {found['current']}, this schoolops has {found['head']}; "
            "run: schoolops db upgrade"
        )
    return "ok", f"{name} answers, revision {found['current']}"


def check_row_security(settings: Settings) -> State:
    """Whether the database itself keeps schools apart too (docs/access.md, the two locks)."""
    if settings.database_url.startswith("sqlite"):
        return "ok", "SQLite has none: the queries alone keep schools apart; PostgreSQL has both"
    from schoolops.cli.db import status_of
    from schoolops.db.engine import Store
    from schoolops.db.row_policies import LIMITED
    from schoolops.db.row_security import look

    if status_of(settings)["current"] is None:
        return "ok", "is made with the tables"
    store = Store.open(settings)
    try:
        with store.read() as connection:
            lock = look(connection)
    finally:
        store.close()
    if not lock.has_role:
        return "fail", (
            f"off, the queries alone keep schools apart: {lock.problem}; as administrator of "
            f'PostgreSQL run: CREATE ROLE {LIMITED} NOLOGIN; GRANT {LIMITED} TO "{lock.owner}"; '
            "then restart the server"
        )
    if lock.problem:
        return "fail", f"off: {lock.problem}; restart the server, which makes them, or see its log"
    told = f"in force, {lock.policies} policies on {lock.tables} tables"
    if lock.bypasses:
        means = "is superuser" if lock.superuser else "has BYPASSRLS"
        return "warn", (
            f"{told}; but the server's own role {lock.owner} {means}, which it does not need: "
            "give it a role of its own that owns the database"
        )
    return "ok", told


def check_server(home: Path) -> State:
    import schoolops
    from schoolops.client._endpoint import LOCAL_URL, Endpoint
    from schoolops.client._launch import answers

    path, away = paths.socket_path(home), paths.unserved(home)
    if away:
        return "fail", f"the server at {away} is not running and agents wait: schoolops serve"
    if not answers(path):
        return "ok", "not running; it starts when something needs it, or by 'schoolops serve'"
    from schoolops.client import Client

    with Client(Endpoint(LOCAL_URL, path)) as client:
        version = client.live()["version"]
        if version == schoolops.__version__ and (trouble := _trouble_of(client)):
            return "fail", f"{trouble}; agents keep their reports and deliver them afterwards"
    if version != schoolops.__version__:
        return "warn", (
            f"version {version} runs, this is {schoolops.__version__}; restart the server"
        )
    address = paths.address_path(home)
    where = f", also at {address.read_text().strip()}" if address.exists() else ""
    return "ok", f"version {version} runs{where}"


def _trouble_of(client: Any) -> str:
    """Why a server that answers cannot do its work; '' if it can, or is too old to say."""
    from schoolops.client import ApiError

    try:
        client.health()
    except ApiError as error:
        return str(error) if error.code.startswith("database.") else ""
    return ""


def check_remote(server: str) -> State:
    import schoolops
    from schoolops.client import connect
    from schoolops.core.errors import SchoolopsError

    try:
        with connect(server) as client:
            if trouble := _trouble_of(client):
                return "fail", trouble
            me = client.me()
    except (SchoolopsError, ValueError) as error:
        return "fail", str(error)
    told = f"{server} knows you as {me['name']} ({me['role']}, {me['scope']})"
    if me.get("server_version") != schoolops.__version__:
        return "warn", f"{told}; it has version {me.get('server_version')}, this is another"
    return "ok", told


def check_socket(home: Path) -> State:
    folder = paths.runtime_dir()
    path = paths.socket_path(home)
    if len(os.fsencode(path)) > 100:
        return "fail", f"{path} is too long for a socket; set XDG_RUNTIME_DIR to a shorter path"
    if not path.exists():
        return "ok", f"will be in {folder}, which is yours alone"
    found = path.stat()
    if found.st_uid != os.getuid() or stat.S_IMODE(found.st_mode) & 0o077:
        return "fail", f"others can use {path} as you; stop the server and remove it"
    return "ok", f"{path} is yours alone"


def check_backups(settings: Settings) -> State:
    folder = settings.backup_folder
    files = [file for file in folder.glob("*") if file.is_file()] if folder.is_dir() else []
    if not files:
        return "warn", "there is no backup yet; run: schoolops backup"
    newest = max(file.stat().st_mtime for file in files)
    age = (time.time() - newest) / DAY_S
    if age > 2:
        return "warn", f"the latest backup is {age:.0f} days old; run: schoolops backup"
    return "ok", f"the latest is {age * 24:.0f} hours old, in {folder}"


def check_web_texts(settings: Settings) -> State:
    from schoolops.server.web.preview import check, files_of
    from schoolops.web.templates import LIVE

    own = files_of(settings.home / LIVE)
    if not own:
        return "ok", "the pages show the shipped texts"
    wrong = check(settings, drafts=False)
    if wrong:
        why = "; ".join(wrong.values())
        return "fail", f"visitors see shipped texts in place of own ones: {why}"
    return "ok", f"{len(own)} own texts are good"


def check_mail(settings: Settings) -> State:
    """Signs in at the mail server, sends nothing, and counts what waits."""
    from schoolops.notify.smtp import Conversation, ServerDown

    mail = settings.mail
    if not mail.host:
        return "ok", "off: nobody is told anything by mail; set mail.host to turn it on"
    waiting, failed = _mails(settings)
    told = f"{waiting} mails wait, {failed} failed"
    try:
        with Conversation(mail):
            pass
    except ServerDown as error:
        return "fail", f"{error}; {told}"
    if failed:
        return "warn", f"{told}; see: schoolops notify list --state failed"
    local = mail.host in ("localhost", "127.0.0.1", "::1")
    if mail.tls == "none" and not local:
        return "warn", f"mails go to {mail.host} unencrypted (mail.tls); {told}"
    return "ok", f"{mail.host} takes mails; {told}"


def _mails(settings: Settings) -> tuple[int, int]:
    """How many mails wait, and how many failed."""
    from schoolops.cli.db import status_of
    from schoolops.db.engine import Store
    from schoolops.notify.repository import counts

    if not status_of(settings)["up_to_date"]:
        return 0, 0
    store = Store.open(settings)
    try:
        with store.read() as connection:
            found = counts(connection)
    finally:
        store.close()
    return found["waiting"], found["failed"]


def _check_agents(settings: Settings) -> State:
    from schoolops.cli._check_agents import check_agents

    return check_agents(settings)


def _check_archive(settings: Settings) -> State:
    from schoolops.cli._check_archive import check_archive

    return check_archive(settings)


def _check_sign_in(settings: Settings) -> State:
    from schoolops.cli._check_sign_in import check_sign_in

    return check_sign_in(settings)


def _check_ticket_mail(settings: Settings) -> State:
    from schoolops.cli._check_ticket_mail import check_ticket_mail

    return check_ticket_mail(settings)


def _check_proof(settings: Settings) -> State:
    from schoolops.cli._check_proof import check_proof

    return check_proof(settings)


def check_key(home: Path) -> State:
    file = home / "keys" / "secrets.key"
    if not file.exists():
        return "ok", "is made with the first credential"
    found = file.stat()
    if stat.S_IMODE(found.st_mode) & 0o077:
        return "fail", f"others can read {file}; run: chmod 600 '{file}'"
    if found.st_size != 32:
        return "fail", f"{file} is damaged; put back your copy, or credentials must be set anew"
    return "ok", f"{file}; keep a copy apart from the backups, which do not hold it"


def check_snmp() -> State:
    from importlib.util import find_spec

    if find_spec("pysnmp") is None:
        return "warn", "pysnmp is missing, agents here read no equipment; install schoolops[snmp]"
    try:
        is_fast = find_spec("gufo.snmp") is not None
    except ModuleNotFoundError:
        is_fast = False
    if is_fast:
        return "ok", "gufo-snmp asks devices with SNMP v2c, pysnmp those with v3"
    return "ok", "pysnmp is installed; for thousands of devices install schoolops[fast-snmp]"


def check_clock() -> State:
    now = time.time()
    if now < 1_760_000_000:  # autumn 2025: older than this program
        return "fail", f"this computer believes it is {time.strftime('%Y-%m-%d')}; set its clock"
    synchronised = _synchronised()
    if synchronised is None:
        return "ok", "right as far as one can tell"
    if not synchronised:
        return "warn", "not synchronised by the system; turn on NTP (timedatectl set-ntp true)"
    return "ok", "synchronised"


def _synchronised() -> bool | None:
    """Whether the kernel's clock is kept by NTP; None where it does not say."""
    if not sys.platform.startswith("linux"):
        return None
    import ctypes

    # adjtimex with modes 0 only reads; it answers 5 (TIME_ERROR) when nothing keeps the clock.
    try:
        state = ctypes.CDLL(None, use_errno=True).adjtimex(ctypes.create_string_buffer(512))
    except (OSError, AttributeError):
        return None
    return None if state < 0 else state != 5


def check_school_holidays(today: dt.date | None = None) -> State:
    from schoolops.calendar.holidays import WARN_DAYS, known_until

    last = known_until()
    told = f"known up to {last}"
    if (last - (today or dt.date.today())).days < WARN_DAYS:
        return "warn", f"{told}; install a newer schoolops, or enter later ones as closed days"
    return "ok", told


def check_terminal() -> State:
    if not sys.stdout.isatty():
        return "ok", "none here; run this in the terminal where you use schoolops"
    encoding = (sys.stdout.encoding or "").lower()
    if "utf" not in encoding:
        return "warn", f"writes {encoding}; set LANG to a UTF-8 locale, such as de_DE.UTF-8"
    term = os.environ.get("TERM", "dumb")
    if term in ("dumb", "unknown"):
        return "fail", f"TERM={term} cannot show the terminal UI; set TERM=xterm-256color"
    size = shutil.get_terminal_size()
    told = f"{term}, {size.columns}×{size.lines}"
    if size.columns < 80 or size.lines < 24:
        return "warn", f"{told}; the terminal UI wants at least 80×24"
    colours = os.environ.get("COLORTERM") in ("truecolor", "24bit") or "256" in term
    return "ok", f"{told}, {'many' if colours else 'few'} colours"
