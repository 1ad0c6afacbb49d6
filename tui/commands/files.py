"""Out and in: export as file or link, import with a dry run first, the clipboard (OSC 52)."""

from __future__ import annotations

import asyncio
import os
from functools import partial
from pathlib import Path

from tui.actions import Aim
from tui.backend import Json, NothingDone
from tui.commands.common import ask, backend, done, submit
from tui.frame import Frame
from tui.i18n import _
from tui.screens.listing import ListScreen

MOST_BYTES = 64 * 1024 * 1024


async def export(screen: Frame, aim: Aim) -> None:
    """What the filter shows, to a file, to the clipboard, or as a link for one download."""
    if not isinstance(screen, ListScreen):
        return
    await submit(
        screen, "ExportDialog", screen.kind, screen.q, screen.table.total,
        send=partial(_export, screen),
    )  # fmt: skip


async def _export(screen: ListScreen, answer: Json) -> bool | None:
    client, format, where = backend(screen), answer["format"], answer["where"]
    if where == "link":
        link = await client.download_link(screen.plural, screen.q, format, None)
        url = await asyncio.to_thread(_absolute, screen, str(link["url"]))
        if not url:
            raise NothingDone(
                _("This server listens on its own computer only, so a link leads nowhere; "
                  "export to a file, or set server.public_url in schoolops.toml.")
            )  # fmt: skip
        screen.app.copy_to_clipboard(url)
        screen.notify(
            _("{url}\nOne download within ten minutes; the address is in the clipboard.").format(
                url=url
            ),
            title=_("Export"),
            markup=False,
            timeout=60,
        )
        return True
    data = await client.export(screen.plural, screen.q, format)
    if where == "copy":
        screen.app.copy_to_clipboard(data.decode("utf-8-sig"))
        screen.notify(_("Copied to the clipboard."), markup=False)
    else:
        path = await asyncio.to_thread(_write, answer["path"], data)
        screen.notify(_("Written to {path}.").format(path=path), markup=False)
    return True


def _absolute(screen: Frame, url: str) -> str:
    """A link that a browser elsewhere can open; '' if the server cannot be reached there."""
    if "://" in url:
        return url
    base = screen.ops.server_url
    if not base and screen.ops.home is not None:
        try:
            base = (screen.ops.home / "server.address").read_text("utf-8").strip()
        except OSError:
            return ""
    return base.rstrip("/") + url if base else ""


def _write(given: str, data: bytes) -> Path:
    path = Path(given).expanduser()
    fresh = path.with_name(path.name + ".part")
    # An export holds addresses and names: readable for this person alone.
    with open(fresh, "wb", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
        file.write(data)
    fresh.replace(path)
    return path


async def import_file(screen: Frame, aim: Aim) -> None:
    """A dry run with its report, and only then the import."""
    report = await submit(screen, "ImportDialog", screen.kind_name, send=partial(_import, screen))
    if report is not None:
        done(screen, _("{new} new, {changed} changed, {same} same, {refused} refused.").format(
            **{name: report[name] for name in ("new", "changed", "same", "refused")}))  # fmt: skip


async def _import(screen: Frame, answer: Json) -> Json | None:
    client, kind, plural = backend(screen), answer["kind"], answer["plural"]
    name, data = await asyncio.to_thread(_read, answer["path"])
    report = await client.import_file(plural, name, data, True)
    if not await ask(screen, "ImportReport", report, filename=name, kind=kind):
        return None
    report = await client.import_file(plural, name, data, False)
    if report["refused"]:
        await ask(screen, "ImportReport", report, filename=name, kind=kind)
    return report


def _read(given: str) -> tuple[str, bytes]:
    path = Path(given).expanduser()
    if path.stat().st_size > MOST_BYTES:
        raise OSError(0, _("the file is larger than 64 MB; split it"), str(path))
    return path.name, path.read_bytes()


def copy(screen: Frame, aim: Aim) -> None:
    """The value under the cursor, to the clipboard of the terminal's own computer."""
    text = screen.copy_text()
    if text:
        screen.app.copy_to_clipboard(text)
        screen.notify(_("Copied: {text}").format(text=text[:60]), markup=False, timeout=2)
