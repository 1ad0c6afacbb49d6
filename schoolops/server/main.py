"""`schoolops serve`: one process that listens on a Unix socket and, unless on demand, on TCP."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import logging.handlers
import os
import signal
import socket
import sys
import time
from pathlib import Path
from typing import Any

from inventory.filter.times import use_zone
from schoolops.core import memory, paths
from schoolops.core.errors import SchoolopsError, Unusable
from schoolops.core.settings import Settings, load_settings
from schoolops.db.lock import own_store

log = logging.getLogger("schoolops.server")


def run(args: Any) -> int:
    """Serve until told to stop. `args`: on_demand, host, port (the last two may be None)."""
    settings = load_settings()
    if getattr(args, "host", None):
        settings.server.host = args.host
    if getattr(args, "port", None) is not None:
        settings.server.port = args.port
    on_demand = bool(getattr(args, "on_demand", False))
    try:
        return serve(settings, on_demand)
    except SchoolopsError as error:
        print(f"schoolops: {error.detail}", file=sys.stderr)  # noqa: T201
        return 1


def serve(settings: Settings, on_demand: bool) -> int:
    """Open the store, listen, run; ends by SIGTERM or SIGINT, on demand also when idle."""
    memory.spare()
    paths.ensure_home(settings.home)
    _log_to_file(settings.home / "logs" / "server.log", to_stderr=not on_demand)
    use_zone(settings.timezone)
    with own_store(settings, "schoolops serve"):
        from schoolops import migrations
        from schoolops.db.engine import Store
        from schoolops.server.app import make_app

        migrations.prepare(settings)
        store = Store.open(settings)
        try:
            with asyncio.Runner(loop_factory=_loop()) as runner:
                runner.run(_listen(make_app(store), settings, on_demand))
        finally:
            store.close()
    return 0


def _loop() -> Any:
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop


async def _listen(app: Any, settings: Settings, on_demand: bool) -> None:
    import uvicorn

    from schoolops.server.app import Door

    # Before anybody can find this server, so that ending it is always in order.
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    common: dict[str, Any] = {
        "log_config": None,
        "access_log": False,
        "proxy_headers": False,
        "server_header": False,
        "timeout_keep_alive": 75,
        "timeout_graceful_shutdown": 3,
        "http": "httptools",
    }
    local_socket = _bind_unix(paths.socket_path(settings.home))
    paths.stopped_path(settings.home).unlink(missing_ok=True)
    servers = [uvicorn.Server(uvicorn.Config(Door(app, local=True), lifespan="on", **common))]
    sockets = [[local_socket]]
    paths.address_path(settings.home).unlink(missing_ok=True)  # one that crashed leaves it
    if on_demand and (address := paths.unserved(settings.home)):
        log.warning("the one served at %s is not running; agents wait for it", address)
    if not on_demand:
        tcp = _bind_tcp(settings.server.host, settings.server.port)
        tls: dict[str, Any] = {}
        if settings.server.certificate:
            tls = {
                "ssl_certfile": settings.server.certificate,
                "ssl_keyfile": settings.server.certificate_key or None,
            }
        servers.append(
            uvicorn.Server(uvicorn.Config(Door(app, local=False), lifespan="off", **common, **tls))
        )
        sockets.append([tcp])
        _write_address(settings, tcp, bool(tls))
    tasks = [
        # `serve` would take over the process's signals, which two servers share here.
        asyncio.create_task(server._serve(own))
        for server, own in zip(servers, sockets, strict=True)
    ]

    async def web_address() -> str:
        """Where this computer's browser finds the pages; on demand that is opened now."""
        if on_demand and len(servers) == 1:
            sockets.append([_bind_tcp("127.0.0.1", 0)])
            servers.append(
                uvicorn.Server(uvicorn.Config(Door(app, local=False), lifespan="off", **common))
            )
            tasks.append(asyncio.create_task(servers[1]._serve(sockets[1])))
        return _address(sockets[1][0], bool(settings.server.certificate) and not on_demand)

    app.state.web_address = web_address
    ending = [asyncio.create_task(stop.wait()), *tasks]
    if on_demand:
        ending.append(asyncio.create_task(_until_unneeded(app, settings)))
    await asyncio.wait(ending, return_when=asyncio.FIRST_COMPLETED)
    app.state.ending = True  # screens that follow are told the end, and go by themselves
    for server in reversed(servers):
        server.should_exit = True
    await asyncio.gather(*tasks)
    with contextlib.suppress(OSError):
        paths.socket_path(settings.home).unlink()
        paths.address_path(settings.home).unlink()


async def _until_unneeded(app: Any, settings: Settings) -> None:
    """Until nobody has asked for long, or nobody can find the socket any more."""
    path = paths.socket_path(settings.home)
    inode = path.stat().st_ino
    seconds = settings.server.idle_minutes * 60
    while True:
        await asyncio.sleep(min(5.0, seconds / 3))
        quiet = time.monotonic() - app.state.last_request
        if quiet > seconds and app.state.open_streams == 0:
            log.info("idle for %.0f s, ending", quiet)
            return
        if not settings.home.exists() or not path.exists() or path.stat().st_ino != inode:
            log.info("the home folder or the socket is gone, ending")
            return


def _bind_unix(path: Path) -> socket.socket:
    """Bind so that nobody else can connect, not even for a moment."""
    with contextlib.suppress(FileNotFoundError):
        path.unlink()
    listener = socket.socket(socket.AF_UNIX)
    before = os.umask(0o177)
    try:
        listener.bind(str(path))
    finally:
        os.umask(before)
    return listener


def _bind_tcp(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise Unusable(
            f"cannot listen on {host} port {port}: {error.strerror}; "
            "choose another with --port or server.port",
            code="setup.port",
        ) from None
    return listener


def _address(tcp: socket.socket, tls: bool) -> str:
    host, port = tcp.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    return f"{'https' if tls else 'http'}://{shown}:{port}"


def _write_address(settings: Settings, tcp: socket.socket, tls: bool) -> None:
    address = _address(tcp, tls)
    for path in (paths.served_path(settings.home), paths.address_path(settings.home)):
        fresh = path.with_name(path.name + ".new")
        fresh.write_text(address + "\n", encoding="utf-8")
        fresh.replace(path)  # nobody reads half of it
    log.info("listening on %s", address)


def _log_to_file(file: Path, to_stderr: bool) -> None:
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handlers: list[logging.Handler] = [
        logging.handlers.RotatingFileHandler(file, maxBytes=5_000_000, backupCount=5)
    ]
    if to_stderr:
        handlers.append(logging.StreamHandler())
    logging.basicConfig(
        level=logging.INFO,
        handlers=handlers,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
        force=True,
    )
