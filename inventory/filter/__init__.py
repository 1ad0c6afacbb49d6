r"""The one filter grammar, for the TUI, the command line and `?q=`.

    wim wenders            both words are in the record's search text
    "wim wenders"          the words with the blank between them
    !aruba                 the word is not in it
    kind:ipad              the field equals the value
    health:down,warning    one of several values
    !health:ok             it does not
    pupils:>500            greater; also < >= <=, on numbers, rates, dates and times
    warranty_until:<2027-01-01   contract_down_bps:>=100M   since:>2026-11-01
    model:*air*            text with any characters where the star is
    model:"iPad Air*"      quotes keep blanks, commas, colons, ! and < as they are
    room:  or  room:""     the field is empty
    room:*                 the field has any value

All terms of a filter must hold. A negated term is the exact complement: `!model:x` also finds
records without a model. In quotes `\"`, `\*` and `\\` are the characters themselves. Keys are
the fields of the kind, their short forms (`ip`, `mac`, `tag`, `down`) and the headings under
which spreadsheets name them (`seriennummer:`).

`parse` gives a small typed tree; `matches` evaluates it over plain values; the server translates
the same tree to SQL. What they share: text compares after `inventory.fields.fold`; a reference
without `/` also equals the part of a key behind the school (`room:2.14` finds `164800/2.14`);
a day compares as a whole day of local time, so `since:>2026-11-01` begins with the second of
November; a condition on an empty field never holds, its negation always does.
"""

from inventory.filter.completing import complete, token_start
from inventory.filter.matching import matches
from inventory.filter.names import find_key, keys
from inventory.filter.reading import parse
from inventory.filter.times import TIME_FIELDS, day_of, end_of, instant_range
from inventory.filter.tree import (
    Filter,
    FilterError,
    Match,
    Op,
    Scalar,
    Term,
    Word,
    pattern_parts,
)
from inventory.filter.writing import to_text

__all__ = [
    "TIME_FIELDS",
    "Filter",
    "FilterError",
    "Match",
    "Op",
    "Scalar",
    "Term",
    "Word",
    "complete",
    "day_of",
    "end_of",
    "find_key",
    "instant_range",
    "keys",
    "matches",
    "parse",
    "pattern_parts",
    "to_text",
    "token_start",
]
