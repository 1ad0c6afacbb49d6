"""The application over the city in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.tui.city import City
from tui import i18n
from tui.app import SchoolopsApp
from tui.settings import TuiSettings, load


@pytest.fixture(autouse=True)
def _language() -> Iterator[None]:
    i18n.use("en")
    yield
    i18n.use("")


@pytest.fixture
def city() -> City:
    return City()


@pytest.fixture
def app_of(home: Path) -> Callable[..., SchoolopsApp]:
    def make(city: Any, settings: TuiSettings | None = None, **options: Any) -> SchoolopsApp:
        async def connect() -> Any:
            await city.me()
            return city

        return SchoolopsApp(connect, settings or load(home), home=home, reconnect_s=0.02, **options)

    return make


@pytest.fixture
def app(city: City, app_of: Callable[..., SchoolopsApp]) -> SchoolopsApp:
    return app_of(city)
