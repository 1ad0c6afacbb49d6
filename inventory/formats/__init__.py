"""Files in and out: CSV, XLSX and JSON tables, and the state's list of schools.

plan = plan_file(DEVICE, data, "ipads.xlsx")   # FileRefused says what to do
plan.mapping, plan.ignored, plan.notes
for row in plan.rows: row.problems or row.values

write("csv", DEVICE, ("serial", "model"), rows)  # bytes in pieces
"""

from inventory.formats.importing import ParsedRow, Plan, choose_reader, plan_file, plan_rows
from inventory.formats.mapping import ColumnMapping, Reading, RowReader, guess_mapping
from inventory.formats.reading import READERS, read_table
from inventory.formats.table import MAX_BYTES, FileRefused, Table
from inventory.formats.writing import FORMATS, Format, write

__all__ = [
    "FORMATS",
    "MAX_BYTES",
    "READERS",
    "ColumnMapping",
    "FileRefused",
    "Format",
    "ParsedRow",
    "Plan",
    "Reading",
    "RowReader",
    "Table",
    "choose_reader",
    "guess_mapping",
    "plan_file",
    "plan_rows",
    "read_table",
    "write",
]
