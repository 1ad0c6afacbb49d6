"""Sign-in: what the check of a token costs, and how long a real Keycloak takes for 2,000 users.

    python benchmarks/bench_identity.py        one JSON object a line

Keycloak comes from the tests' cache (tests/peers/keycloak.py). The users are spread over 174
schools; the time has the realm, its 1,200 groups and the users in it.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

COMMAND = "python benchmarks/bench_identity.py"
CHECKS = 3000
USERS, SCHOOLS = 2000, 174
IMPORTED = 170
"""So few, because 2,000 take longer than Keycloak's minute for a request."""


def show(**result: Any) -> None:
    print(json.dumps({"command": COMMAND, **result}), flush=True)


def check_ms(provider: Any, tokens: list[str]) -> float:
    """CPU milliseconds of one check."""
    began = time.process_time()
    for token in tokens:
        provider.verify(token)
    return (time.process_time() - began) / len(tokens) * 1000


def checks() -> None:
    """A token seen for the first time, and one that was seen before."""
    from schoolops.core.settings import IdentitySettings
    from schoolops.identity.oidc import Provider
    from tests.identity.realm import tiny_realm

    with tiny_realm() as realm:
        provider = Provider(IdentitySettings(issuer=realm.issuer))
        tokens = [realm.sign(realm.claims(jti=str(n))) for n in range(CHECKS)]
        provider.verify(realm.sign())
        first = check_ms(provider, tokens)
        again = check_ms(provider, tokens[-1:] * CHECKS)
        provider.close()
    show(
        bar="Check of a Keycloak token (RS256), seen for the first time",
        figure=round(first, 4), unit="ms CPU", limit=0.3,
        peer={"name": "the same token again, until it expires", "figure": round(again, 5)},
    )  # fmt: skip


def bootstrap() -> None:
    """Realm, groups and users into an empty Keycloak."""
    from inventory.formats import read_table
    from schoolops.core.settings import load_settings
    from schoolops.identity.keycloak import bootstrap, groups, users, wanted
    from schoolops.identity.keycloak.admin import as_administrator, as_service
    from schoolops.identity.keycloak.people import read_people
    from tests.peers.keycloak import ADMIN, PASSWORD, own_keycloak

    schools = [(str(100000 + n), str(10000 + n // 30)) for n in range(SCHOOLS)]
    lines = ["username;given name;family name;e-mail;school;role;classes"]
    for n in range(USERS):
        role = "teacher" if n % 10 == 0 else "pupil"
        school = schools[n % SCHOOLS][0]
        lines.append(f"user{n};Ada;Muster;user{n}@schule.example;{school};{role};5a")
    table = read_table("\n".join(lines).encode(), "users.csv")
    with own_keycloak() as keycloak, tempfile.TemporaryDirectory() as home:
        os.environ |= {
            "SCHOOLOPS_HOME": home,
            "SCHOOLOPS_IDENTITY__ISSUER": keycloak.issuer("city"),
            "SCHOOLOPS_SERVER__PUBLIC_URL": "https://schoolops.example",
        }
        settings = load_settings()
        assert keycloak.process is not None
        began, cpu = time.monotonic(), cpu_s(keycloak.process.pid)
        with as_administrator(settings.identity, ADMIN, PASSWORD) as admin:
            bootstrap.apply(admin, settings, schools, lambda _: None)
        realm_s = time.monotonic() - began
        with as_service(settings.identity) as admin:
            ids, _ = groups.read_ids(admin, wanted.group_paths(schools))
            rows = users.plan(admin, read_people(table, frozenset(ids)), ids)
            users.apply(admin, rows, ids, passwords=True)
        whole_s = time.monotonic() - began
        cpu = cpu_s(keycloak.process.pid) - cpu
        assert all(row.outcome == users.NEW for row in rows), "every user is made"
        again_s = threads_again(settings, ids)
        began = time.monotonic()
        with as_administrator(settings.identity, ADMIN, PASSWORD) as admin:
            again = bootstrap.plan(admin, settings, schools)
        plan_s = time.monotonic() - began
        assert all(step.do is None for step in again), "a second run changes nothing"
        imported_s = partial_import(settings, ADMIN, PASSWORD)
    show(
        bar=f"Bootstrap of a realm with {SCHOOLS} schools and {USERS:,} users, first passwords too",
        figure=round(whole_s, 1), unit="s wall", limit=60,
        detail={
            "CPU of Keycloak and schoolops together, s": round(cpu, 1),
            "realm and groups, s": round(realm_s, 1),
            "users in 16 threads, s": round(whole_s - realm_s, 1),
            f"{IMPORTED} others by Keycloak's partialImport, s": round(imported_s, 1),
            f"{IMPORTED} others in 16 threads, s": round(again_s, 1),
            "second plan, s": round(plan_s, 1),
        },
    )  # fmt: skip


def cpu_s(pid: int) -> float:
    """CPU seconds of another process and of this one."""
    words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK") + time.process_time()


def threads_again(settings: Any, ids: dict[str, str]) -> float:
    """Seconds for some other users, now that Keycloak is warm."""
    from schoolops.identity.keycloak import users
    from schoolops.identity.keycloak.admin import as_service
    from schoolops.identity.keycloak.people import People, Person

    persons = {
        f"more{n}": Person(n, f"more{n}", "Ada", "Muster", "", "", {f"/schools/{100000 + n}/pupil"})
        for n in range(IMPORTED)
    }
    with as_service(settings.identity) as admin:
        rows = users.plan(admin, People(persons, {}, []), ids)
        began = time.monotonic()
        users.apply(admin, rows, ids, passwords=False)
        return time.monotonic() - began


def partial_import(settings: Any, name: str, password: str) -> float:
    """Seconds for some other users in one call of Keycloak's own import."""
    from schoolops.identity.keycloak.admin import as_administrator

    made = [
        {
            "username": f"other{n}", "firstName": "Ada", "lastName": "Muster", "enabled": True,
            "groups": [f"/schools/{100000 + n % SCHOOLS}/pupil"],
        }
        for n in range(IMPORTED)
    ]  # fmt: skip
    with as_administrator(settings.identity, name, password) as admin:
        began = time.monotonic()
        admin.partial_import_realm("city", {"ifResourceExists": "SKIP", "users": made})
        return time.monotonic() - began


if __name__ == "__main__":
    checks()
    bootstrap()
