"""Make a device of the inventory of one that an agent found on a school's network."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from textual.widget import Widget

from inventory.kinds import DEVICE
from tui.cells import clean, when
from tui.dialogs.base import plain
from tui.dialogs.lookup import Lookup
from tui.dialogs.record_form import RecordForm, no_lookup
from tui.i18n import _


def presets(found: Mapping[str, Any]) -> dict[str, Any]:
    """Values of a device from what was seen of it; 'mac' becomes the first of 'macs'."""
    values = {name: found[name] for name in ("kind", "name", "serial", "address", "school")
              if found.get(name)}  # fmt: skip
    if found.get("mac"):
        values["macs"] = (str(found["mac"]),)
    return values


class AdoptDialog(RecordForm):
    """The device form filled from a discovered device (record, or its values); answers all
    values of the new device, or None."""

    def __init__(self, discovered: Mapping[str, Any], lookup: Lookup = no_lookup) -> None:
        self.found: Mapping[str, Any] = discovered.get("values") or discovered
        address = str(self.found.get("address") or self.found.get("mac") or "")
        super().__init__(
            DEVICE,
            presets(self.found),
            title=_("Adopt {device}").format(device=clean(address)),
            lookup=lookup,
            new=True,
        )

    def above(self) -> Iterable[Widget]:
        parts = [clean(str(self.found.get("description") or _("says nothing about itself")))]
        if seen := when(str(self.found.get("last_seen") or "")):
            parts.append(_("last seen {time}").format(time=seen))
        yield plain(" · ".join(parts))
        yield from super().above()
