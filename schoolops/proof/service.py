"""Issue proofs, and find those that were issued."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import zlib
from importlib.util import find_spec
from typing import Any, Literal

from sqlalchemy import Connection, Row, func, insert, select

from inventory.sentences import say
from schoolops.core.clock import to_iso
from schoolops.core.errors import Conflict, NotFound, SchoolopsError, Unusable
from schoolops.core.ids import uuid7
from schoolops.core.permissions import ESTATE_READ, Actor
from schoolops.db.access import require
from schoolops.db.engine import Store
from schoolops.estate.access import in_scope
from schoolops.estate.models import TABLES
from schoolops.estate.repository import Estate
from schoolops.proof.csv_file import to_csv
from schoolops.proof.models import issued_proof
from schoolops.proof.months import Month
from schoolops.proof.repository import UPLINK, Lines
from schoolops.proof.signing import seal_of
from schoolops.proof.view import Edition, view

PRESS_S = 90
_C = issued_proof.c
_SHOWN = [
    _C.uid, _C.school_id, _C.uplink_id, _C.month, _C.language, _C.number, _C.made_at, _C.made_by,
    _C.verdict, _C.complete, _C.inputs_sha256, _C.csv_sha256, _C.pdf_sha256,
    func.length(_C.pdf).label("size"),
]  # fmt: skip


class NotPrinted(SchoolopsError):
    """The press failed; a stamping service that does not answer is the usual reason."""

    status, code = 503, "proof.press"


def issue(store: Store, actor: Actor, uplink: str, month: Month, language: str) -> dict[str, Any]:
    """Print, sign and keep the proof of a line and month; the same one when nothing has changed.

    Printing takes about a second, and holds no transaction.
    """
    require(actor, ESTATE_READ)
    with store.read(actor) as connection:
        row = Estate(connection, actor, store.clock.now()).find(UPLINK, uplink)
        proof = Lines(connection, actor, store.settings, store.clock.now()).proof_of(row, month)
        data = json.dumps(proof, ensure_ascii=False, sort_keys=True).encode()
        inputs = hashlib.sha256(data).hexdigest()
        kept = _editions(connection, row.id, str(month), language)
        if kept and kept[0].inputs_sha256 == inputs:
            return _told(kept[0], row.key, again=True)
        number = kept[0].number + 1 if kept else 1
    made_at = store.clock.now()
    csv = to_csv(proof)
    edition = Edition(
        number, to_iso(made_at) or "", inputs, hashlib.sha256(csv).hexdigest(),
        f"{row.key.replace('/', '-')}-{month}.csv", bool(store.settings.proof.timestamp_url),
    )  # fmt: skip
    seal = seal_of(store.settings, made_at / 1e6)
    job = {
        "view": view(proof, edition, store.settings, language),
        "csv": csv.decode(),
        "made_at": edition.made_at,
        "certificate": str(seal.certificate),
        "key": str(seal.key),
        "timestamp_url": store.settings.proof.timestamp_url,
    }
    pdf = _press(job)
    values = {
        "uid": uuid7(), "school_id": row.school_id, "uplink_id": row.id, "month": str(month),
        "language": language, "number": number, "made_at": made_at, "made_by": actor.name,
        "verdict": proof["verdict"], "complete": proof["complete"], "inputs_sha256": inputs,
        "csv_sha256": edition.csv_sha256, "pdf_sha256": hashlib.sha256(pdf).hexdigest(),
        "data": zlib.compress(data, 9), "csv": zlib.compress(csv, 9), "pdf": pdf,
    }  # fmt: skip
    with store.write(actor) as unit:
        newest = _editions(unit.connection, row.id, str(month), language)
        if newest and newest[0].number >= number:
            raise Conflict(
                say("somebody issued this proof at the same time; ask for it once more"),
                code="proof.issued",
            )
        unit.connection.execute(insert(issued_proof), values)
        detail = {
            "month": str(month), "edition": number, "language": language,
            "verdict": proof["verdict"], "sha256": values["pdf_sha256"],
        }  # fmt: skip
        unit.audit("issue proof", "uplink", row.key, row.school_id, detail)
        found = _editions(unit.connection, row.id, str(month), language)[0]
        return _told(found, row.key)


def issued(connection: Connection, actor: Actor, now: int, uplink: str) -> list[dict[str, Any]]:
    """The editions that were issued for a line, the latest first."""
    row = Estate(connection, actor, now).find(UPLINK, uplink)
    rows = connection.execute(
        select(*_SHOWN).where(_C.uplink_id == row.id).order_by(_C.id.desc()).limit(500)
    )
    return [_told(one, row.key) for one in rows]


def kept_file(
    connection: Connection, actor: Actor, uid: str, kind: Literal["pdf", "csv"]
) -> tuple[str, bytes]:
    """Name and bytes of a kept edition's file, as it was issued."""
    require(actor, ESTATE_READ)
    uplinks = TABLES["uplink"]
    row = connection.execute(
        select(_C.pdf if kind == "pdf" else _C.csv, _C.month, _C.number, uplinks.c.key)
        .join(uplinks, uplinks.c.id == _C.uplink_id)
        .where(_C.uid == uid, in_scope(actor, _C.school_id))
    ).one_or_none()
    if row is None:
        raise NotFound(say("there is no such proof that you may see"), code="proof.unknown")
    name = f"{row.key.replace('/', '-')}-{row.month}-{row.number}.{kind}"
    return name, bytes(row[0]) if kind == "pdf" else zlib.decompress(row[0])


def _editions(connection: Connection, uplink_id: int, month: str, language: str) -> list[Row[Any]]:
    return list(
        connection.execute(
            select(*_SHOWN)
            .where(_C.uplink_id == uplink_id, _C.month == month, _C.language == language)
            .order_by(_C.number.desc())
        )
    )


def _told(row: Row[Any], uplink: str, *, again: bool = False) -> dict[str, Any]:
    return {
        "id": row.uid, "uplink": uplink, "month": row.month, "language": row.language,
        "number": row.number, "made_at": to_iso(row.made_at), "made_by": row.made_by,
        "verdict": row.verdict, "complete": bool(row.complete),
        "inputs_sha256": row.inputs_sha256, "csv_sha256": row.csv_sha256,
        "pdf_sha256": row.pdf_sha256, "bytes": row.size, "again": again,
    }  # fmt: skip


def _press(job: dict[str, Any]) -> bytes:
    if not (find_spec("typst") and find_spec("pyhanko")):
        raise Unusable(
            say("printing needs the extra [reports]: pip install 'schoolops[reports]'"),
            code="proof.no_press",
        )
    try:
        done = subprocess.run(
            [sys.executable, "-m", "schoolops.proof.press"],
            input=json.dumps(job).encode(), capture_output=True, timeout=PRESS_S, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise NotPrinted(
            say("the proof could not be printed in {seconds} s; try again", seconds=PRESS_S)
        ) from None
    if done.returncode:
        last = done.stderr.decode(errors="replace").strip().splitlines()[-1:]
        raise NotPrinted(
            say("the proof could not be printed or signed: {reason}", reason=" ".join(last))
        )
    return done.stdout
