"""A queue of 100,000 tickets, and what helped before among 100,000 solved ones.

    python benchmarks/bench_tickets.py        one JSON object a line; about a minute

On SQLite, as a technician of the city: the first page of what is to be done with its count, the
same of one school, and suggestions for ten texts as teachers write them (one word to a sentence);
the slowest of each, median of nine. Texts are made of 300 words of everyday trouble whose frequency
falls as in real texts. The peer of suggestions is SQLite's own full text index (FTS5, bm25) over
the same texts, asked for any of the same words.
"""

from __future__ import annotations

import json
import os
import random
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from sqlalchemy import insert

from inventory.kinds import KINDS
from schoolops.core import paths
from schoolops.core.ids import uuid7
from schoolops.core.permissions import Actor
from schoolops.core.settings import load_settings
from schoolops.db.engine import Store
from schoolops.estate.listing import lister
from schoolops.estate.service import Inventory
from schoolops.migrations import prepare
from schoolops.tickets import listings as _listings  # noqa: F401  (registers its list)
from schoolops.tickets.models import ticket, ticket_word
from schoolops.tickets.suggesting import TICKET, suggest
from schoolops.tickets.words import words_of

COMMAND = "python benchmarks/bench_tickets.py"
ACTIVE, SOLVED, SCHOOLS = 100_000, 100_000, 174
ADMIN = Actor.of("bench", "authority-admin")
THINGS = (
    "Beamer", "WLAN", "Drucker", "Tafel", "iPad", "Laptop", "Kabel", "Steckdose", "Lautsprecher",
    "Mikrofon", "Kamera", "Passwort", "Anmeldung", "Konto", "Update", "Akku", "Ladekoffer",
    "Netzwerk", "Internet", "Switch", "Router", "Zertifikat", "Bild", "Ton", "Apple", "Maus",
    "Tastatur", "Monitor", "Scanner", "Lernplattform", "Videokonferenz", "Dokumentenkamera",
)  # fmt: skip
OWNERS = ("klassen", "lehrer", "medien", "schul", "haus", "raum", "geraete", "netz", "bild")
PARTS = (
    "schrank", "wagen", "zimmer", "kasten", "leiste", "stecker", "koffer", "halter", "regler",
    "schalter", "kabel", "dose", "platte", "tisch", "schirm", "lampe", "pult", "karte", "anlage",
    "rahmen", "wand", "decke", "boden", "tuer", "fenster", "leitung", "fach", "regal", "punkt",
    "gurt", "fuss",
)  # fmt: skip
RAW = [*THINGS, *(owner + part for owner in OWNERS for part in PARTS)]
ASKED = (
    "Beamer", "WLAN langsam", "der Drucker zieht kein Papier", "iPad lädt nicht mehr im Koffer",
    "Kein Ton bei der Videokonferenz, Mikrofon geht nicht", "Passwort vergessen",
    "Zertifikat abgelaufen am klassenschrank", "Internet Internet Internet", "xyzzy",
    "Beamer WLAN Drucker Tafel iPad Laptop Kabel Steckdose Lautsprecher Mikrofon",
)  # fmt: skip


def texts(count: int) -> list[str]:
    chance = random.Random(5)
    weights = [1 / (place + 3) for place in range(len(RAW))]
    return [" ".join(chance.choices(RAW, weights, k=12)) for _ in range(count)]


def fill(store: Store) -> list[str]:
    with store.write(ADMIN) as unit:
        for n in range(SCHOOLS):
            number = str(100_000 + n)
            values = {"number": number, "name": f"Schule {n}", "authority": "1", "form": "20"}
            Inventory(unit).create(KINDS["school"], values)
    chance = random.Random(4)
    made = texts(ACTIVE + SOLVED)
    with store.write(ADMIN) as unit:
        now, rows, words = unit.now, [], []
        for number, text in enumerate(made, 1):
            state = "open" if number <= ACTIVE else "closed"
            at = now - number * 1_000_000
            rows.append({
                "id": number, "uid": uuid7(), "school_id": chance.randint(1, SCHOOLS),
                "title": text[:60], "category": "other", "state": state, "via": "web",
                "priority": chance.choice(("P1", "P2", "P3", "P3", "P3", "P4")),
                "opened_at": at, "changed_at": at, "solved_at": None if state == "open" else at,
            })  # fmt: skip
            if state == "closed":
                words += [
                    {"word": word, "record_id": number, "source": TICKET} for word in words_of(text)
                ]
        unit.connection.execute(insert(ticket), rows)
        unit.connection.execute(insert(ticket_word), words)
    return made


def slowest(tasks: list[Callable[[], Any]]) -> float:
    """CPU ms of the slowest, each the median of nine."""
    found = []
    for task in tasks:
        task()
        spent = []
        for _ in range(9):
            before = time.process_time()
            task()
            spent.append(1000 * (time.process_time() - before))
        found.append(statistics.median(spent))
    return round(max(found), 2)


def fts5(made: list[str]) -> float:
    plain = sqlite3.connect(":memory:")
    plain.execute("CREATE VIRTUAL TABLE t USING fts5(words)")
    plain.executemany(
        "INSERT INTO t(rowid, words) VALUES (?, ?)",
        [(n, " ".join(words_of(text))) for n, text in enumerate(made[ACTIVE:], 1)],
    )

    def ask(text: str) -> Any:
        terms = " OR ".join(f'"{word}"' for word in words_of(text)) or '"nothing"'
        sql = "SELECT rowid FROM t WHERE t MATCH ? ORDER BY rank LIMIT 5"
        return plain.execute(sql, (terms,)).fetchall()

    return slowest([lambda text=text: ask(text) for text in ASKED])  # type: ignore[misc]


def main() -> None:
    for name in [name for name in os.environ if name.startswith("SCHOOLOPS_")]:
        del os.environ[name]
    with tempfile.TemporaryDirectory(prefix="schoolops-bench-") as folder:
        os.environ["SCHOOLOPS_HOME"] = folder
        paths.ensure_home(Path(folder))
        settings = load_settings()
        prepare(settings)
        store = Store.open(settings)
        made = fill(store)
        with store.read(ADMIN) as connection:
            queue = lister(KINDS["ticket"], connection, ADMIN, store.clock.now())
            kind = KINDS["ticket"]
            columns = ("number", "title", "school", "priority", "state", "assigned_to", "opened")

            def first_page(q: str) -> Any:
                return queue.count(kind, q), queue.page(kind, q, "", 0, 60, columns)

            asked = ("active:yes", "", "school:100042 active:yes", "priority:P1 active:yes")
            opened = slowest([lambda q=q: first_page(q) for q in asked])  # type: ignore[misc]
            told = slowest([lambda t=t: suggest(connection, ADMIN, t) for t in ASKED])  # type: ignore[misc]
            best = suggest(connection, ADMIN, ASKED[2])
        store.close()
        if len(best) != 5:
            raise SystemExit("nothing was suggested")
    results = [
        {"bar": "a queue of 100,000 tickets beside 100,000 that are done: first page and count",
         "figure": opened, "unit": "ms CPU", "limit": 100, "peer": None},
        {"bar": "what helped before, among 100,000 solved tickets", "figure": told,
         "unit": "ms CPU", "limit": 30,
         "peer": {"name": "SQLite FTS5, bm25, the same words", "figure": fts5(made),
                  "unit": "ms CPU"}},
    ]  # fmt: skip
    for result in results:
        print(json.dumps({**result, "command": COMMAND}))


if __name__ == "__main__":
    main()
