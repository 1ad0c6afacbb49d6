"""A server that is told to stop goes at once and quietly, also while screens follow it."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx

from schoolops.core import paths


def test_stopping_under_a_followed_stream_shows_no_traceback(home: Path) -> None:
    command = [sys.executable, "-m", "schoolops.cli", "serve", "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        path = str(paths.socket_path(home))
        for _ in range(200):
            with socket.socket(socket.AF_UNIX) as probe:
                if probe.connect_ex(path) == 0:
                    break
            time.sleep(0.05)
        transport = httpx.HTTPTransport(uds=path)
        with (
            httpx.Client(transport=transport, base_url="http://local") as client,
            client.stream("GET", "/v1/changes") as stream,
        ):
            assert next(stream.iter_lines()) == "retry: 2000"
            process.send_signal(signal.SIGTERM)
            said, _ = process.communicate(timeout=20)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 0
    assert "Traceback" not in said
    assert "CancelledError" not in said
