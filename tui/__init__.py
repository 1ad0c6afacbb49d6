"""The terminal UI of schoolops: `run` is what `schoolops tui` calls."""

from __future__ import annotations

import gc
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tui.backend import Backend


def run(server: str | None = None, read_only: bool = False, token: str | None = None) -> int:
    """Show the terminal UI until the person quits; answers the exit code.

    `server` is a URL, None this computer's own server, which is started if none runs. The
    token comes from the argument or as the client finds it.
    """
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        sys.stderr.write(
            "schoolops tui needs a terminal; 'schoolops ls KIND --json' answers without one.\n"
        )
        return 2
    from schoolops.core.paths import home
    from tui.app import SchoolopsApp
    from tui.settings import load

    async def connect() -> Backend:
        from schoolops.client import connect_async

        client = await connect_async(server, token)
        # What is imported by now stays: a full collection need not visit it between two keys.
        gc.freeze()
        return client

    folder = home()
    app = SchoolopsApp(
        connect, load(folder), home=folder, read_only=read_only, server_url=server or ""
    )
    code = app.run(mouse=True)
    return code if isinstance(code, int) else (app.return_code or 0)
