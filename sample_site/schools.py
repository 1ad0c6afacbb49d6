"""The real part of the sample city: the schools of Düsseldorf from the state's list.

The file is in the state list's own format, and the ordinary importer's reader reads it.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from inventory.fields import Value
from inventory.formats import plan_file
from inventory.kinds import SCHOOL

DATA_FILE = Path(__file__).parent / "data" / "duesseldorf.csv"
MUNICIPALITY = "111000"
AUTHORITY = "10042"
"""The city's own authority: it runs 150 of the 174 schools, and their equipment."""


@cache
def listed_schools() -> tuple[dict[str, Value], ...]:
    """The 174 schools as parsed values of the kind 'school', in the order of the list.

    Treat them as read-only: the tuple is shared.
    """
    plan = plan_file(SCHOOL, DATA_FILE.read_bytes(), DATA_FILE.name)
    return tuple(
        {name: value for name, value in row.values.items() if value is not None}
        for row in plan.rows
        if row.values is not None
    )
