"""What the tests do to a running application: wait for something, read the screen."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

import pytest
from textual.pilot import Pilot


async def until(pilot: Pilot[Any], true: Callable[[], object], seconds: float = 30.0) -> None:
    """Wait until a condition holds; fails with the screen's text when it does not."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            if true():
                await pilot.pause()
                return
        except Exception:
            pass
        await asyncio.sleep(0.02)
    raise AssertionError(f"did not come true within {seconds} s on:\n{text(pilot)}")


def text(pilot: Pilot[Any]) -> str:
    """What a person reads on the screen now."""
    return "\n".join(strip.text for strip in pilot.app.screen._compositor.render_strips())


async def shows(pilot: Pilot[Any], *words: str) -> str:
    """Wait until all these words are on the screen; answers its text."""
    await until(pilot, lambda: all(word in text(pilot) for word in words))
    return text(pilot)


async def says(pilot: Pilot[Any], *words: str) -> None:
    """Wait for a message to the person with all these words."""

    def said() -> bool:
        texts = [str(note.message) for note in pilot.app._notifications]
        return any(all(word in text for word in words) for text in texts)

    await until(pilot, said)


def answered_by(monkeypatch: pytest.MonkeyPatch, module: Any, ask: Callable[..., Any]) -> None:
    """Let `ask(screen, dialog, …)` answer the dialogs of a module of commands, unseen."""

    async def submit(screen: Any, name: str, *args: Any, send: Any, **kwargs: Any) -> Any:
        answer = await ask(screen, name, *args, **kwargs)
        return answer and await send(answer)

    for name, stand_in in (("ask", ask), ("submit", submit)):
        if hasattr(module, name):
            monkeypatch.setattr(module, name, stand_in)
