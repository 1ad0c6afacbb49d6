"""Check an exported audit without schoolops: python3 verify_audit.py chain.jsonl [HEAD]

The file has one JSON object a line, in order: the event, its `sealed_as` and its `hash`, which is
SHA-256(previous hash + canonical JSON of the event). HEAD is the last hash that was noted
elsewhere; with it, events cut off at the end are found too. Exit 1 if anything was altered.
"""

import hashlib
import json
import sys

EVENT = ("id", "at", "actor", "action", "kind", "record", "school_id", "detail")


def main(file: str, head: str = "") -> int:
    previous, number, seen = "0" * 64, 0, not head
    with open(file, encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            row = json.loads(line)
            body = json.dumps({name: row[name] for name in EVENT}, ensure_ascii=False,
                              sort_keys=True, separators=(",", ":"))  # fmt: skip
            previous = hashlib.sha256((previous + body).encode()).hexdigest()
            if row["sealed_as"] != number or row["hash"] != previous:
                print(f"altered: event {row['id']} (line {number})")
                return 1
            seen = seen or previous == head
    print(f"{number} events, unaltered; head {previous}" if seen else "cut off: HEAD is missing")
    return 0 if seen else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
