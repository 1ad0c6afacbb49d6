"""What helped before: articles and solved tickets that share words with what is being typed.

An index of words that the database keeps as a plain table, the same on both. Of each word the
newest `LOOKED_AT` texts count; a word that few have counts more (inverse document frequency).
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from inventory.sentences import say
from schoolops.core.clock import to_iso
from schoolops.core.errors import Invalid, NotFound
from schoolops.core.ids import uuid7
from schoolops.core.permissions import TICKETS_OPEN, TICKETS_READ, TICKETS_WRITE, Actor
from schoolops.db.access import require, require_everywhere
from schoolops.db.engine import UnitOfWork
from schoolops.tickets import schemas
from schoolops.tickets.models import ticket, ticket_article, ticket_entry, ticket_word
from schoolops.tickets.repository import visible
from schoolops.tickets.words import words_of

LOOKED_AT = 800
MOST_WORDS = 10
SHOWN = 5
CANDIDATES = 60
ARTICLE, TICKET = "article", "ticket"
ARTICLE_COUNTS = 1.5
"""What somebody wrote to help is worth more than what once happened to."""
w, c, a, e = ticket_word.c, ticket.c, ticket_article.c, ticket_entry.c


def suggest(connection: Connection, actor: Actor, text: str, limit: int = SHOWN) -> list[Any]:
    """What helped before, best first. Everybody who reports sees articles; who reads tickets, the
    solved ones that are seen, too."""
    require(actor, TICKETS_OPEN)
    scores: dict[tuple[str, int], float] = defaultdict(float)
    for word in words_of(text)[:MOST_WORDS]:
        rows = connection.execute(
            select(w.source, w.record_id)
            .where(w.word == word)
            .order_by(w.record_id.desc())
            .limit(LOOKED_AT)
        ).all()
        worth = math.log(1 + 2 * LOOKED_AT / (len(rows) or 1))
        for row in rows:
            scores[row.source, row.record_id] += worth * (
                ARTICLE_COUNTS if row.source == ARTICLE else 1.0
            )
    best = sorted(scores, key=lambda key: (scores[key], key[1]), reverse=True)[:CANDIDATES]
    found = {**_articles(connection, best), **_tickets(connection, actor, best)}
    return [found[key] for key in best if key in found][:limit]


def _articles(connection: Connection, keys: Iterable[tuple[str, int]]) -> dict[Any, Any]:
    ids = [record for source, record in keys if source == ARTICLE]
    rows = connection.execute(select(ticket_article).where(a.id.in_(ids), a.retired_at.is_(None)))
    return {(ARTICLE, row.id): _told_article(row) for row in rows}


def _told_article(row: Row[Any]) -> dict[str, Any]:
    return {"kind": ARTICLE, "id": row.uid, "number": None, "title": row.title, "text": row.text,
            "at": to_iso(row.at)}  # fmt: skip


def _tickets(
    connection: Connection, actor: Actor, keys: Iterable[tuple[str, int]]
) -> dict[Any, Any]:
    ids = [record for source, record in keys if source == TICKET]
    if not ids or not actor.may(TICKETS_READ):
        return {}
    rows = connection.execute(
        select(c.id, c.uid, c.title, c.solved_at).where(
            c.id.in_(ids), visible(actor), c.state.in_(("solved", "closed")),
            c.anonymous.is_(False),
        )
    ).all()  # fmt: skip
    helped = _what_helped(connection, [row.id for row in rows])
    return {
        (TICKET, row.id): {
            "kind": TICKET, "id": row.uid, "number": row.id, "title": row.title,
            "text": helped.get(row.id, ""), "at": to_iso(row.solved_at),
        }
        for row in rows
    }  # fmt: skip


def _what_helped(connection: Connection, ids: list[int]) -> dict[int, str]:
    """The last words of who worked on each."""
    rows = connection.execute(
        select(e.ticket_id, e.text)
        .where(e.ticket_id.in_(ids), e.side == "staff", e.what.in_(("message", "update")))
        .order_by(e.id)
    )
    return {row.ticket_id: row.text for row in rows}


# -- the index -----------------------------------------------------------------------------------


def keep_words(unit: UnitOfWork, source: str, record: int, text: str) -> None:
    """From now on a text is found by these words."""
    forget_words(unit, source, [record])
    rows = [{"word": word, "source": source, "record_id": record} for word in words_of(text)]
    if rows:
        unit.connection.execute(insert(ticket_word), rows)


def forget_words(unit: UnitOfWork, source: str, records: Iterable[int]) -> None:
    unit.connection.execute(
        delete(ticket_word).where(w.source == source, w.record_id.in_(list(records)))
    )


def learn(unit: UnitOfWork, row: Row[Any]) -> None:
    """Let a solved ticket be found: by its title, what was reported, and what helped."""
    said = unit.connection.scalars(
        select(e.text)
        .where(e.ticket_id == row.id, e.what.in_(("opened", "message", "update")))
        .order_by(e.id)
    )
    keep_words(unit, TICKET, row.id, " ".join([row.title, *said]))


# -- articles ------------------------------------------------------------------------------------


def articles(connection: Connection, actor: Actor) -> list[dict[str, Any]]:
    """All articles, the newest first."""
    require(actor, TICKETS_OPEN)
    rows = connection.execute(
        select(ticket_article).where(a.retired_at.is_(None)).order_by(a.id.desc())
    )
    return [_told_article(row) for row in rows]


def write_article(unit: UnitOfWork, new: schemas.NewArticle) -> dict[str, Any]:
    """Write down what helps; everybody who reports may read it."""
    require_everywhere(unit.actor, TICKETS_WRITE)
    title, text = " ".join(new.title.split()), new.text.strip()
    if not title or not text:
        raise Invalid(say("an article wants a title and some words"))
    uid = uuid7()
    values = {"uid": uid, "title": title, "text": text, "by": unit.actor.name, "at": unit.now}
    made = unit.connection.execute(insert(ticket_article), values)
    (number,) = made.inserted_primary_key or (0,)
    keep_words(unit, ARTICLE, number, f"{title} {text}")
    unit.audit("write article", "article", uid, None, {"title": title})
    row = unit.connection.execute(select(ticket_article).where(a.id == number)).one()
    return _told_article(row)


def retire_article(unit: UnitOfWork, uid: str) -> None:
    """Suggest it no more; it stays where it was read."""
    require_everywhere(unit.actor, TICKETS_WRITE)
    row = unit.connection.execute(
        select(ticket_article).where(a.uid == uid, a.retired_at.is_(None))
    ).one_or_none()
    if row is None:
        raise NotFound(say("there is no article {id!r}", id=uid))
    unit.connection.execute(
        update(ticket_article).where(a.id == row.id).values(retired_at=unit.now)
    )
    forget_words(unit, ARTICLE, [row.id])
    unit.audit("retire article", "article", uid, None, {"title": row.title})
