"""The OpenAPI document, without a server and without the city's database."""

from __future__ import annotations

import json
import tempfile
from typing import Any

from schoolops.core.settings import load_settings
from schoolops.db.engine import Store
from schoolops.server.app import make_app


def document() -> dict[str, Any]:
    """The OpenAPI 3.1 document that a server gives out at `/v1/openapi.json`."""
    with tempfile.TemporaryDirectory() as folder:
        store = Store(load_settings(database={"url": f"sqlite:///{folder}/empty.db"}))
        try:
            return make_app(store, background=False).openapi()
        finally:
            store.close()


def text() -> str:
    """The document as JSON whose order depends on its content alone."""
    return json.dumps(document(), indent=2, sort_keys=True, ensure_ascii=False)
