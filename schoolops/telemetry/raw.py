"""Raw rows: written in groups, read back for one record, whether packed already or not."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, Row, select

from schoolops.telemetry.chunks import Chunk, pack
from schoolops.telemetry.metrics import METRICS, TEXTS
from schoolops.telemetry.models import SAMPLES, sealed
from schoolops.telemetry.rollups import Readings

HOUR = 3_600_000_000
"""Micros of an hour."""

AT = "at_ms"
"""Column of a packed hour: when each row was observed, in milliseconds since the hour began."""

_COPY_FROM = 20
"""From so many rows on PostgreSQL's COPY is cheaper than an INSERT."""

Sample = tuple[Any, ...]


def hour_of(at: int) -> int:
    """The hour (since 1970) of a time in micros."""
    return at // HOUR


def insert(connection: Connection, kind: str, rows: Sequence[Sample]) -> None:
    """Write rows (record, observed_at, stream, seq, delay_ms, metrics, texts)."""
    table = SAMPLES[kind]
    if connection.dialect.name == "postgresql" and len(rows) >= _COPY_FROM:
        driver: Any = connection.connection.driver_connection
        with driver.cursor() as cursor, cursor.copy(f"COPY {table.name} FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
        return
    mark = "%s" if connection.dialect.name == "postgresql" else "?"
    marks = ", ".join([mark] * len(table.columns))
    connection.exec_driver_sql(f"INSERT INTO {table.name} VALUES ({marks})", list(rows))  # noqa: S608 (our tables)


def load(
    connection: Connection,
    kind: str,
    record: int,
    since: int,
    until: int,
    metrics: Iterable[str] = (),
) -> Readings:
    """The readings of a record from `since` up to before `until` (micros), packed ones included.

    Of all metrics, or of those named.
    """
    wanted = set(metrics)
    names = [m for m in METRICS[kind] if not wanted or m.name in wanted]
    parts = [
        *_packed(connection, kind, record, since, until, [m.name for m in names]),
        _rows(connection, kind, record, since, until, [(m.name, m.column) for m in names]),
    ]
    parts = [part for part in parts if len(part)]
    return parts[0] if len(parts) == 1 else _merged(parts, [m.name for m in names])


def _rows(
    connection: Connection,
    kind: str,
    record: int,
    since: int,
    until: int,
    names: Sequence[tuple[str, str]],
) -> Readings:
    table = SAMPLES[kind]
    rows = connection.execute(
        select(table.c.observed_at, *(table.c[column] for _, column in names))
        .where(
            table.c.record_id == record,
            table.c.observed_at >= since,
            table.c.observed_at < until,
        )
        .order_by(table.c.observed_at)
    ).all()
    return _readings(rows, [name for name, _ in names])


def _readings(rows: Sequence[Row[Any]], names: Sequence[str]) -> Readings:
    if not rows:
        return Readings()
    times, *columns = zip(*rows, strict=True)
    return Readings(list(times), {n: list(c) for n, c in zip(names, columns, strict=True)})


def _packed(
    connection: Connection,
    kind: str,
    record: int,
    since: int,
    until: int,
    names: Sequence[str],
) -> list[Readings]:
    found = connection.execute(
        select(sealed.c.hour, sealed.c.data)
        .where(
            sealed.c.kind == kind,
            sealed.c.record_id == record,
            sealed.c.hour >= hour_of(since),
            sealed.c.hour <= hour_of(until - 1),
        )
        .order_by(sealed.c.hour)
    )
    parts = []
    for hour, data in found:
        chunk = Chunk(data)
        part = Readings(times_of(chunk, hour), {name: chunk.column(name) for name in names})
        if part.times[0] < since or part.times[-1] >= until:
            part = _cut(part, since, until)
        parts.append(part)
    return parts


def times_of(chunk: Chunk, hour: int) -> list[int]:
    """When the rows of a packed hour were observed, micros."""
    return [hour * HOUR + (at or 0) * 1000 for at in chunk.column(AT)]


def _cut(part: Readings, since: int, until: int) -> Readings:
    keep = [since <= at < until for at in part.times]
    return Readings(
        [at for at, kept in zip(part.times, keep, strict=True) if kept],
        {
            name: [v for v, kept in zip(column, keep, strict=True) if kept]
            for name, column in part.columns.items()
        },
    )


def _merged(parts: Sequence[Readings], names: Sequence[str]) -> Readings:
    times: list[int] = []
    columns: dict[str, list[int | None]] = {name: [] for name in names}
    for part in parts:
        times += part.times
        for name in names:
            columns[name] += part.columns[name]
    order = sorted(range(len(times)), key=times.__getitem__)
    if order != list(range(len(times))):
        times = [times[place] for place in order]
        columns = {name: [column[place] for place in order] for name, column in columns.items()}
    return Readings(times, columns)


def pack_hour(kind: str, hour: int, rows: Sequence[Row[Any]], before: bytes | None) -> bytes:
    """The rows of one hour, packed; with what was packed of it before.

    Kept: observation times to the millisecond, all metrics and texts. Stream, number and delay of
    a report served its booking and end here.
    """
    names = [metric.name for metric in METRICS[kind]]
    times = [(row.observed_at - hour * HOUR) // 1000 for row in rows]
    columns: dict[str, list[Any]] = {
        metric.name: [_whole(row._mapping[metric.column]) for row in rows]
        for metric in METRICS[kind]
    }
    texts: dict[str, list[str | None]] = {
        name: [row._mapping[name] for row in rows] for name in TEXTS[kind]
    }
    if before is not None:
        chunk = Chunk(before)
        times = [at or 0 for at in chunk.column(AT)] + times
        for name in names:
            columns[name] = chunk.column(name) + columns[name]
        for name in texts:
            texts[name] = unpack_texts(chunk, name) + texts[name]
        order = sorted(range(len(times)), key=times.__getitem__)
        times = [times[place] for place in order]
        columns = {name: [column[place] for place in order] for name, column in columns.items()}
        texts = {name: [column[place] for place in order] for name, column in texts.items()}
    packed = {AT: times, **columns}
    for name, column in texts.items():
        packed |= _pack_texts(name, column)
    return pack(packed)


def _whole(value: Any) -> int | None:
    return None if value is None else int(value)


def _pack_texts(name: str, column: Sequence[str | None]) -> dict[str, list[int | None]]:
    """Texts as places in a list of them, which stands in the column's name."""
    said = sorted({text for text in column if text})
    if not said:
        return {}
    places = {text: place for place, text in enumerate(said)}
    return {f"{name}={json.dumps(said)}": [places.get(text or "") for text in column]}


def unpack_texts(chunk: Chunk, name: str) -> list[str | None]:
    """A column of texts of a packed hour."""
    for label in chunk.names:
        if label.startswith(f"{name}="):
            said = json.loads(label.partition("=")[2])
            return [None if at is None else said[at] for at in chunk.column(label)]
    return [None] * chunk.count
