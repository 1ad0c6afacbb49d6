"""Out and in: export as file or link, import with a dry run first, the clipboard (OSC 52)."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from tui.actions import Aim
from tui.commands.common import ask, backend, done
from tui.frame import Frame
from tui.i18n import _
from tui.screens.listing import ListScreen

MOST_BYTES = 64 * 1024 * 1024


async def export(screen: Frame, aim: Aim) -> None:
    """What the filter shows, to a file, to the clipboard, or as a link for one download."""
    if not isinstance(screen, ListScreen):
        return
    client = backend(screen)
    answer = await ask(screen, "ExportDialog", screen.kind, screen.q, screen.table.total or 0)
    if answer is None:
        return
    format, where = answer["format"], answer["where"]
    if where == "link":
        link = await client.download_link(screen.plural, screen.q, format, None)
        url = str(link["url"])
        screen.app.copy_to_clipboard(url)
        screen.notify(
            _("{url}\nOne download within ten minutes; the address is in the clipboard.").format(
                url=url
            ),
            title=_("Export"),
            markup=False,
            timeout=60,
        )
        return
    data = await client.export(screen.plural, screen.q, format)
    if where == "copy":
        screen.app.copy_to_clipboard(data.decode("utf-8-sig"))
        screen.notify(_("Copied to the clipboard."), markup=False)
        return
    path = await asyncio.to_thread(_write, answer["path"], data)
    screen.notify(_("Written to {path}.").format(path=path), markup=False)


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
    client = backend(screen)
    answer = await ask(screen, "ImportDialog")
    if answer is None:
        return
    given, kind = (
        (answer["path"], answer["kind"]) if isinstance(answer, dict) else (answer[0], answer[1])
    )
    plural = _plural(kind)
    name, data = await asyncio.to_thread(_read, given)
    report = await client.import_file(plural, name, data, True)
    if not await ask(screen, "ImportReport", report, filename=name, kind=kind):
        return
    report = await client.import_file(plural, name, data, False)
    done(screen, _("{new} new, {changed} changed, {same} same, {refused} refused.").format(
        **{name: report[name] for name in ("new", "changed", "same", "refused")}))  # fmt: skip


def _read(given: str) -> tuple[str, bytes]:
    path = Path(given).expanduser()
    if path.stat().st_size > MOST_BYTES:
        raise OSError(0, _("the file is larger than 64 MB; split it"), str(path))
    return path.name, path.read_bytes()


def _plural(kind: str) -> str:
    from inventory.kinds import BY_PLURAL, KINDS

    return kind if kind in BY_PLURAL else KINDS[kind].plural if kind in KINDS else kind


def copy(screen: Frame, aim: Aim) -> None:
    """The value under the cursor, to the clipboard of the terminal's own computer."""
    text = screen.copy_text()
    if text:
        screen.app.copy_to_clipboard(text)
        screen.notify(_("Copied: {text}").format(text=text[:60]), markup=False, timeout=2)
