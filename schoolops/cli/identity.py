"""Sign-in with Keycloak: make its realm ready, bring accounts in.

    schoolops identity bootstrap                      what would be made or changed
    schoolops identity bootstrap --apply              do it
    schoolops identity import-users users.csv         what would be new or changed
    schoolops identity import-users users.csv --apply --passwords slips.csv
    schoolops identity adopt export.json [--apply]    accounts of another system
    schoolops identity adopt users.csv --federated    persons of a file, in a federated directory

Runs on the server's own computer. The bootstrap asks for the password of Keycloak's administrator,
or reads it from standard input; the rest uses the service account that it made.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from schoolops.cli._ask import read_secrets
from schoolops.cli._booking import booked
from schoolops.cli._guard import DONE, REFUSED, Refused, UsageError, say
from schoolops.cli._table import clean, print_json

if TYPE_CHECKING:
    from keycloak import KeycloakAdmin

    from schoolops.core.settings import Settings
    from schoolops.identity.keycloak.adoption import Match

Adoption = tuple[list["Match"], Callable[[], None]]
"""What becomes of each account, and how it is done."""

INTERMIXED = False
SHOWN = 20


def configure(parser: ArgumentParser) -> None:
    doing = parser.add_subparsers(dest="doing", metavar="bootstrap|import-users|adopt",
                                  required=True)  # fmt: skip
    bootstrap = doing.add_parser("bootstrap", help="make the realm ready", allow_abbrev=False)
    bootstrap.add_argument("--admin", metavar="NAME", default="admin",
                           help="Keycloak's administrator (default: admin)")  # fmt: skip
    users = doing.add_parser("import-users", help="accounts from a file", allow_abbrev=False)
    users.add_argument("file", metavar="FILE", help="CSV, XLSX or JSON: username, given name, "
                       "family name, e-mail, school, role, classes")  # fmt: skip
    users.add_argument("--passwords", metavar="FILE",
                       help="give new accounts a first password, and write them here")  # fmt: skip
    adopt = doing.add_parser("adopt", help="accounts of another system", allow_abbrev=False)
    adopt.add_argument("file", metavar="FILE",
                       help="a Keycloak realm's export (JSON), or a directory's (CSV)")  # fmt: skip
    adopt.add_argument("--federated", action="store_true",
                       help="FILE is one of import-users: find its persons among the accounts of "
                       "the federated directory, whatever they are called there")  # fmt: skip
    for each in (bootstrap, users, adopt):
        how = each.add_mutually_exclusive_group()
        how.add_argument("--plan", action="store_true", help="only tell (the default)")
        how.add_argument("--apply", action="store_true", help="do it")
        each.add_argument("--json", action="store_true", help="the report as JSON")


def run(args: Namespace) -> int:
    return _DOING[str(args.doing)](args)


def _settings() -> Settings:
    from schoolops.core.settings import load_settings

    return load_settings()


def _schools() -> list[tuple[str, str]]:
    """(number, authority) of the inventory's schools, from this computer's server."""
    from schoolops.client import connect

    schools: list[tuple[str, str]] = []
    with connect() as client:
        while True:
            page = client.page("schools", offset=len(schools), limit=1000,
                               columns=["number", "authority"])  # fmt: skip
            schools += [(row[4], row[5] or "") for row in page.rows]
            if not page.more:
                return schools


def _bootstrap(args: Namespace) -> int:
    from schoolops.identity.keycloak import bootstrap, wanted
    from schoolops.identity.keycloak.admin import as_administrator, server_and_realm
    from schoolops.identity.keycloak.steps import Step

    settings = _settings()
    server, realm = server_and_realm(settings.identity)
    wanted.realm(settings)  # what is wrong with the settings is told before a password is asked
    schools = _schools()
    (password,) = read_secrets([f"Password of {args.admin} at {server}"])
    steps: list[Step] = []

    def tell(step: Step) -> None:
        steps.append(step)
        if not args.json:
            _print_step(step)

    with as_administrator(settings.identity, args.admin, password) as admin:
        if args.apply:
            with booked(settings, "bootstrap realm") as event:
                try:
                    bootstrap.apply(admin, settings, schools, tell)
                finally:
                    event |= {"realm": realm, **_counts(step.mark for step in steps)}
        else:
            for step in bootstrap.plan(admin, settings, schools):
                tell(step)
    open_steps = sum(step.do is not None for step in steps)
    if args.json:
        print_json([{"mark": s.mark, "what": s.what, "details": s.details} for s in steps])
    elif args.apply:
        print(f"realm {realm}: {open_steps} changes made")
    else:
        hint = "; make them with --apply" if open_steps else ""
        print(f"realm {realm}: {open_steps} changes to make{hint}")
    return DONE


def _print_step(step: Any) -> None:
    print(f"{step.mark:<7} {clean(step.what)}")
    for detail in step.details:
        print(f"        {clean(detail)}")


def _read(file: str) -> bytes:
    path = Path(file)
    if path.is_dir():
        raise UsageError(f"{file} is a folder; name a file in it")
    return path.read_bytes()


def _import_users(args: Namespace) -> int:
    from inventory.formats import FileRefused, read_table
    from schoolops.identity.keycloak import groups, users, wanted
    from schoolops.identity.keycloak.admin import as_service
    from schoolops.identity.keycloak.people import read_people

    settings = _settings()
    try:
        table = read_table(_read(args.file), Path(args.file).name)
    except FileRefused as error:
        raise Refused(str(error)) from None
    slips = Path(args.passwords) if args.passwords else None
    if slips is not None and slips.exists():
        raise UsageError(f"{slips} is there already; passwords go into a new file")
    paths = wanted.group_paths(_schools())
    with as_service(settings.identity) as admin:
        _look_into_directory(admin, settings)
        ids, _ = groups.read_ids(admin, paths)
        people = read_people(table, frozenset(path for path in paths if path in ids))
        rows = users.plan(admin, people, ids)
        if args.apply:
            with booked(settings, "import users") as event:
                try:
                    users.apply(admin, rows, ids, passwords=slips is not None)
                finally:
                    event |= _counts(row.outcome for row in rows)
                    event["first_passwords"] = sum(bool(row.password) for row in rows)
                    if slips is not None:
                        _write_slips(slips, rows)
    if args.json:
        print_json({"dry_run": not args.apply, "ignored": people.ignored,
                    "rows": [_row(row) for row in rows]})  # fmt: skip
    else:
        if people.ignored:
            print("not used: " + ", ".join(clean(heading) for heading in people.ignored))
        _print_rows([(r.row, r.username, r.outcome, r.reason, r.changes) for r in rows], args.apply,
                    ("new", "changed", "same", "refused"))  # fmt: skip
    return REFUSED if any(row.outcome == "refused" for row in rows) else DONE


def _counts(kinds: Iterable[str]) -> dict[str, int]:
    """How many of each kind: what the audit gets to know, and no name."""
    return dict(Counter(kinds))


def _look_into_directory(admin: KeycloakAdmin, settings: Settings) -> None:
    """Whom Keycloak does not know yet, it takes in now, or says for how many it cannot."""
    if settings.identity.ldap_url:
        from schoolops.identity.keycloak import directory

        looked = directory.look(admin, settings.identity)
        if looked.refused:
            say(looked.complaint)


def _row(row: Any) -> dict[str, Any]:
    return {"row": row.row, "username": row.username, "outcome": row.outcome,
            "reason": row.reason, "changes": row.changes}  # fmt: skip


def _write_slips(file: Path, rows: list[Any]) -> None:
    """First passwords, readable by nobody else, for slips to be printed and handed out."""
    import csv
    import os

    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", newline="",
                   encoding="utf-8") as out:  # fmt: skip
        writer = csv.writer(out, delimiter=";")
        writer.writerow(["username", "given name", "family name", "password"])
        writer.writerows([r.username, r.user["firstName"], r.user["lastName"], r.password]
                         for r in rows if r.password)  # fmt: skip


def _print_rows(
    rows: list[tuple[int, str, str, str, dict[str, tuple[str, str]]]],
    applied: bool,
    outcomes: tuple[str, ...],
) -> None:
    new = [row for row in rows if row[2] == "new" and not row[3]]
    for number, name, *_ in new[:SHOWN]:
        print(f"row {number}: {clean(name)}: new")
    if len(new) > SHOWN:
        print(f"… and {len(new) - SHOWN} more new; --json lists them all")
    changed = [row for row in rows if row[4]]
    for number, name, _, _, changes in changed[:SHOWN]:
        told = ", ".join(f"{key} {old!r} → {new!r}" for key, (old, new) in changes.items())
        print(f"row {number}: {clean(name)}: {clean(told)}")
    if len(changed) > SHOWN:
        print(f"… and {len(changed) - SHOWN} more changed")
    reasons = [row for row in rows if row[3]]
    for number, name, outcome, reason, _ in reasons[:SHOWN]:
        say(f"row {number} {outcome}: {clean(name)}{': ' if name else ''}{clean(reason)}")
    if len(reasons) > SHOWN:
        say(f"and {len(reasons) - SHOWN} more; --json lists them all")
    counts = ", ".join(f"{sum(row[2] == one for row in rows)} {one}" for one in outcomes)
    print(f"accounts: {counts}" + ("" if applied else "; nothing was written, --apply does it"))


def _adopt(args: Namespace) -> int:
    from inventory.formats import FileRefused
    from schoolops.identity.keycloak.admin import as_service

    settings = _settings()
    work = _of_directory if args.federated else _of_other_system
    with as_service(settings.identity) as admin:
        try:
            matches, apply = work(admin, settings, _read(args.file), Path(args.file).name)
        except FileRefused as error:
            raise Refused(str(error)) from None
        if args.apply:
            with booked(settings, "adopt users") as event:
                try:
                    apply()
                finally:
                    event |= {"federated": args.federated, **_counts(m.outcome for m in matches)}
    if args.json:
        print_json({"dry_run": not args.apply, "rows": [
            {"row": one.account.row, "username": one.account.username, "outcome": one.outcome,
             "here": one.here, "reason": one.reason} for one in matches]})  # fmt: skip
    else:
        for one in [m for m in matches if m.here and m.here != m.account.username][:SHOWN]:
            print(f"{clean(one.account.username)} is {one.here} here")
        _print_rows(
            [(m.account.row, m.account.username, m.outcome, m.reason, {}) for m in matches],
            args.apply, ("matched", "same", "new", "ambiguous", "refused"),
        )  # fmt: skip
    return REFUSED if any(one.outcome == "refused" for one in matches) else DONE


def _of_other_system(admin: KeycloakAdmin, settings: Settings, data: bytes, name: str) -> Adoption:
    """Accounts of an export among those that are here."""
    from schoolops.identity.keycloak import adoption, users

    accounts = adoption.read_accounts(data, name)
    _look_into_directory(admin, settings)
    matches = adoption.match(accounts, users.all_users(admin))
    return matches, lambda: adoption.apply(admin, matches)


def _of_directory(admin: KeycloakAdmin, settings: Settings, data: bytes, name: str) -> Adoption:
    """Persons of a file among the accounts of the federated directory."""
    from inventory.formats import read_table
    from schoolops.identity.keycloak import federated, groups, wanted
    from schoolops.identity.keycloak.people import read_people

    table = read_table(data, name)
    paths = wanted.group_paths(_schools())
    _look_into_directory(admin, settings)
    ids, _ = groups.read_ids(admin, paths)
    people = read_people(table, frozenset(path for path in paths if path in ids))
    matches, rows = federated.plan(admin, people, ids)
    return matches, lambda: federated.apply(admin, matches, rows, ids)


_DOING = {"bootstrap": _bootstrap, "import-users": _import_users, "adopt": _adopt}
