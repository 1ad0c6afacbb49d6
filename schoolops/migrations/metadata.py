"""The metadata with every capability's tables."""

from __future__ import annotations

import schoolops.estate.models
import schoolops.fleet.models
import schoolops.identity.models
import schoolops.notify.models
import schoolops.telemetry.models
import schoolops.web.models  # noqa: F401
from schoolops.db.tables import metadata

__all__ = ["metadata"]
