"""Records of the system by what people call them, since their keys are long ids."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from inventory.kinds import BY_PLURAL
from schoolops.cli._guard import Refused

if TYPE_CHECKING:
    from schoolops.client import Client

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def find_id(
    client: Client, plural: str, word: str, fields: tuple[str, ...], within: str = "", see: str = ""
) -> str:
    """The id of the one record that has `word` in one of the fields; an id is taken as it is.

    `within`: a filter that narrows down what is meant; `see`: the command that lists them.
    """
    if _UUID.fullmatch(word.lower()):
        return word.lower()
    kind = BY_PLURAL[plural]
    quoted = word.replace("\\", "\\\\").replace('"', '\\"')
    found: dict[str, str] = {}
    for field in fields:
        if field == "address" and not re.fullmatch(r"[0-9a-fA-F.:]+", word):
            continue
        page = client.page(
            plural, q=f'{field}:"{quoted}" {within}'.strip(), columns=fields, limit=5
        )
        found |= {row[0]: " ".join(str(v) for v in row[4:] if v) for row in page.rows}
        if found:
            break
    if not found:
        raise Refused(
            f"there is no {kind.label} {word!r}; "
            f"see schoolops {see or f'ls {plural} {within}'.rstrip()}"
        )
    if len(found) > 1:
        several = "; ".join(f"{id} ({told})" for id, told in found.items())
        raise Refused(f"{word!r} fits several {kind.label_plural}, name one by its id: {several}")
    return next(iter(found))
