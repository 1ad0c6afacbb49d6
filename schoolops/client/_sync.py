"""The synchronous client."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import TracebackType
from typing import Any, BinaryIO, TypeVar

import httpx

from inventory.sentences import say
from schoolops.client import _access as access
from schoolops.client import _calendar as calendar
from schoolops.client import _incidents as incidents
from schoolops.client import _places as places
from schoolops.client import _proof as proofs
from schoolops.client import _readiness as mornings
from schoolops.client import _requests as requests
from schoolops.client import _tickets as tickets
from schoolops.client._changes import SILENCE_S, Event, EventReader
from schoolops.client._endpoint import Endpoint
from schoolops.client._errors import Offline
from schoolops.client._launch import find_endpoint, wake_server
from schoolops.client._requests import Json, Page, Request
from schoolops.client._transport import (
    CONNECT_S,
    built,
    client_options,
    errors_of,
    may_repeat,
    read,
)

T = TypeVar("T")


def connect(server: str | None = None, token: str | None = None) -> Client:
    """A client of that server, or of this computer's own, which is started if it does not run.

    Raises `Offline` when it does not start, ValueError for an address that is none.
    """
    return Client(find_endpoint(server, token))


class Client:
    """One server, synchronously. May be used by one thread at a time; close it, or use `with`.

    Every method raises `ApiError` when the server refuses and `Offline` when none answers.
    """

    def __init__(self, endpoint: Endpoint, transport: httpx.BaseTransport | None = None) -> None:
        self.endpoint = endpoint
        if transport is None and endpoint.socket:
            transport = httpx.HTTPTransport(uds=str(endpoint.socket), verify=False)
        self._http = httpx.Client(transport=transport, **client_options(endpoint))

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections; the server goes on."""
        self._http.close()

    def wake(self, *, again: bool = False) -> None:
        """Start this computer's server again if it has ended; does nothing for another one's.

        `Stopped` if somebody stopped it on purpose, unless it is wanted `again`.
        """
        if self.endpoint.home:
            wake_server(self.endpoint.home, again=again)

    def _send(self, request: Request[T]) -> T:
        with errors_of(self.endpoint):
            try:
                response = self._http.send(self._http.build_request(**built(request)))
            except httpx.TransportError as error:
                if not may_repeat(request, error):
                    raise
                response = self._http.send(self._http.build_request(**built(request)))
        return read(request, self.endpoint, response)

    def changes(self, after: int | None = None) -> Iterator[Event]:
        """What changes from a cursor on (None: from now), until `Offline` is raised."""
        reader = EventReader(self.cursor() if after is None else after)
        params = {"after": str(reader.cursor)}
        timeout = httpx.Timeout(SILENCE_S, connect=CONNECT_S)
        with (
            errors_of(self.endpoint),
            self._http.stream("GET", "/changes", params=params, timeout=timeout) as response,
        ):
            if response.status_code >= 300:
                response.read()
                raise requests.problem(response.status_code, response.content, self.endpoint.name)
            for part in response.iter_bytes():
                try:
                    yield from reader.feed(part)
                except ValueError as error:
                    raise Offline(str(error)) from None
        raise Offline(say("{server} has ended the stream of changes", server=self.endpoint.name))

    def page(
        self,
        plural: str,
        *,
        q: str = "",
        sort: str = "",
        offset: int = 0,
        limit: int = 128,
        columns: Sequence[str] | None = None,
        wide: bool = False,
    ) -> Page:
        """One page of a list, without retired records unless `q` asks for them; limit ≤ 1000.

        `wide`: a word may also be in the record's school, if another one is in the record itself.
        """
        return self._send(requests.page(plural, q, sort, offset, limit, columns, wide))

    def count(self, plural: str, *, q: str = "") -> int:
        """How many records match."""
        return self._send(requests.count(plural, q))

    def rows(
        self,
        plural: str,
        *,
        ids: Sequence[str],
        columns: Sequence[str] | None = None,
    ) -> Page:
        """Those rows of a list again (at most 200 uuids)."""
        return self._send(requests.rows(plural, ids, columns))

    def get(self, plural: str, id: str) -> Json:
        """The record with that uuid or key."""
        return self._send(requests.get(plural, id))

    def create(self, plural: str, values: Json) -> Json:
        """Create a record; values as text or native."""
        return self._send(requests.create(plural, values))

    def edit(self, plural: str, id: str, version: int, values: Json) -> Json:
        """Change fields; ApiError `estate.stale` when `version` is no longer the current one."""
        return self._send(requests.edit(plural, id, version, values))

    def move(
        self,
        id: str,
        version: int,
        room: str | None,
        school: str | None = None,
        note: str = "",
    ) -> Json:
        """Put a device into a room (its key), or into none."""
        return self._send(requests.move(id, version, room, school, note))

    def retire(self, plural: str, id: str, version: int, reason: str) -> Json:
        """Take a record out of use; it stays readable."""
        return self._send(requests.retire(plural, id, version, reason))

    def reinstate(self, plural: str, id: str, version: int) -> Json:
        """Take a retired record into use again."""
        return self._send(requests.reinstate(plural, id, version))

    def bulk(
        self,
        plural: str,
        *,
        ids: Sequence[str] | None = None,
        q: str | None = None,
        values: Json | None = None,
        retire: bool = False,
        reason: str = "",
        expect: int | None = None,
        dry_run: bool = False,
    ) -> Json:
        """Change or retire many in one transaction; `expect` is how many must match."""
        return self._send(requests.bulk(plural, ids, q, values, retire, reason, expect, dry_run))

    def import_file(
        self,
        plural: str,
        filename: str,
        data: bytes | BinaryIO,
        dry_run: bool,
        mapping: Mapping[str, str] | None = None,
        overwrite: bool = False,
    ) -> Json:
        """Import a CSV, XLSX or JSON file; `mapping` is heading → field for what is not guessed.

        A published list leaves what people corrected, unless it shall `overwrite`.
        """
        return self._send(requests.import_file(plural, filename, data, dry_run, mapping, overwrite))

    def export(
        self,
        plural: str,
        q: str,
        format: str,
        columns: Sequence[str] | None = None,
    ) -> bytes:
        """The matching records as a file: csv, json or xlsx."""
        return self._send(requests.export(plural, q, format, columns))

    def download_link(
        self,
        plural: str,
        q: str,
        format: str,
        columns: Sequence[str] | None = None,
    ) -> Json:
        """An address that gives the export once, without login: `url`, `expires`."""
        return self._send(requests.download_link(plural, q, format, columns))

    def history(self, plural: str, id: str, before: int = 0) -> Json:
        """A record's `changes`, who `created` it, and a device's `placements`, latest first.

        With `more`, the changes `before` the last number are asked for in the same way.
        """
        return self._send(requests.history(plural, id, before))

    def latest(self, plural: str, id: str) -> Json:
        """The last measurements of a device, uplink, agent or room."""
        return self._send(requests.latest(plural, id))

    def series(self, plural: str, id: str, metric: str, since: int = 3600) -> Json:
        """Measurements of the last `since` seconds: `times` (epoch s), `values`, `unit`."""
        return self._send(requests.series(plural, id, metric, since))

    def overview(self) -> Json:
        """The city at a glance: counts, and all open schools, worst first."""
        return self._send(requests.overview())

    def me(self) -> Json:
        """Who the server takes us for and what we may do."""
        return self._send(requests.me())

    def sign_in_way(self) -> Json:
        """How people sign in at this server: `issuer` (empty: only with tokens), `client`."""
        return self._send(requests.sign_in_way())

    def health(self) -> Json:
        """`ApiError` with a code `database.…` while the server cannot write; needs no login."""
        return self._send(requests.health())

    def live(self) -> Json:
        """Whether the server lives, and its version; needs no login."""
        return self._send(requests.live())

    def cursor(self) -> int:
        """Where the change stream stands now."""
        return self._send(requests.cursor())

    def invite(self, school: str, name: str = "") -> Json:
        """A one-time join code for an agent at that school: `code`, `expires`."""
        return self._send(requests.invite(school, name))

    def revoke(self, id: str, reason: str = "") -> None:
        """Shut an agent out for good."""
        return self._send(requests.revoke(id, reason))

    def ask_agent(self, id: str, kind: str, arguments: Json) -> Json:
        """Ask an agent for something; gives the command, without its answer yet."""
        return self._send(requests.ask_agent(id, kind, arguments))

    def commands(self, id: str) -> list[Json]:
        """What an agent was asked for lately, newest first."""
        found = self._send(requests.commands(id))
        return list(found["commands"])

    def adopt(self, id: str, values: Json) -> Json:
        """Make a discovered device one of ours; gives the new device."""
        return self._send(requests.adopt(id, values))

    def ignore(self, id: str) -> None:
        """Do not offer a discovered device again."""
        return self._send(requests.ignore(id))

    def portal_link(self) -> Json:
        """A one-time link to the web pages as this computer's user: `{"url"}`."""
        return self._send(requests.portal_link())

    def tokens(self) -> list[Json]:
        """The tokens of persons, without their secrets."""
        return self._send(access.tokens())

    def create_token(
        self,
        name: str,
        role: str,
        *,
        schools: Sequence[str] | None = None,
        authority: str | None = None,
        days: int = 365,
    ) -> Json:
        """A token for a person; `token` is shown this once."""
        return self._send(access.create_token(name, role, schools, authority, days))

    def revoke_token(self, name: str) -> None:
        """End a token at once."""
        return self._send(access.revoke_token(name))

    def end_sessions(self, who: str) -> None:
        """Take no token of a person (user name or id) any more that was issued until now."""
        return self._send(access.end_sessions(who))

    def explain_access(
        self,
        permission: str,
        *,
        who: str = "",
        school: str = "",
        class_name: str = "",
        field_class: str = "",
    ) -> Json:
        """May somebody (a user name, '' for oneself) do that there: `allowed`, `reason`, `by`."""
        return self._send(access.explain_access(permission, who, school, class_name, field_class))

    def delegate(
        self,
        receiver: str,
        permissions: Sequence[str],
        *,
        school: str,
        until: str,
        reason: str,
        class_name: str = "",
    ) -> Json:
        """Hand on own rights at a school until a time (ISO, with its zone): `id`, `until`."""
        return self._send(access.delegate(receiver, permissions, school, until, reason, class_name))

    def revoke_delegation(self, id: str) -> None:
        """Take a right for a time back."""
        return self._send(access.revoke_delegation(id))

    def ask_emergency(
        self, school: str, permissions: Sequence[str], *, hours: int, reason: str
    ) -> Json:
        """Propose emergency access at a school for oneself: `id`, `state`, `until`."""
        return self._send(access.ask_emergency(school, permissions, hours, reason))

    def decide(self, id: str, approve: bool, note: str = "") -> Json:
        """Approve what somebody else proposed, or reject it with a note."""
        return self._send(access.decide(id, approve, note))

    def withdraw(self, id: str) -> None:
        """Take an own proposal back."""
        return self._send(access.withdraw(id))

    def mail(self, state: str = "", limit: int = 100) -> Json:
        """Outgoing mail, addresses masked: `on`, `counts`, `mails` (the latest of that state)."""
        return self._send(access.mail(state, limit))

    def test_mail(self, address: str) -> Json:
        """Send one mail now: `sent`, and the mail server's `answer`."""
        return self._send(access.test_mail(address))

    def retry_mail(self, ids: Sequence[str] = ()) -> Json:
        """Try failed and waiting mails at once, those with these ids or all: `again`."""
        return self._send(access.retry_mail(ids))

    def calendar(self, school: str, since: str = "", until: str = "") -> Json:
        """A school's bell times, holidays and entered days; a year from today, or those days."""
        return self._send(calendar.read(school, since, until))

    def set_bells(self, school: str, bells: Sequence[Mapping[str, Any]]) -> Json:
        """Set a school's bells, each `weekday`, `begin`, `end`; none: the usual of its form."""
        return self._send(calendar.set_bells(school, bells))

    def add_day(self, school: str | None, day: Mapping[str, Any]) -> Json:
        """Enter days (`kind`, `first`, `last`, `note`, `rooms`) for a school, or None for all."""
        return self._send(calendar.add_day(school, day))

    def remove_day(self, school: str | None, id: str) -> None:
        """Remove entered days of a school, or None: of all."""
        return self._send(calendar.remove_day(school, id))

    def report(self, new: Json) -> Json:
        """Report a fault or a wish: `id`, `number`, `state`, `priority`, `joined_to`."""
        return self._send(tickets.report(new))

    def ticket(self, id: str) -> Json:
        """A ticket by number or id with all that was said and done."""
        return self._send(tickets.course(id))

    def act_on_ticket(self, id: str, what: str, **given: Any) -> Json:
        """Its `replies`, `state`, `assignment`, `priority`, `join`, `links` or `incident`."""
        return self._send(tickets.act(id, what, given))

    def suggestions(self, text: str) -> list[Json]:
        """What helped before with what these words say, the best first."""
        found = self._send(tickets.suggestions(text))
        return list(found["suggestions"])

    def articles(self) -> list[Json]:
        """What is written down for everybody who reports."""
        found = self._send(tickets.articles())
        return list(found["suggestions"])

    def write_article(self, title: str, text: str) -> Json:
        """Write down what helps."""
        return self._send(tickets.write_article(title, text))

    def retire_article(self, id: str) -> None:
        """Suggest it no more."""
        return self._send(tickets.retire_article(id))

    def tell_all(self, incident: str, text: str) -> Json:
        """Answer all who reported a fault: `tickets`, how many."""
        return self._send(tickets.tell_all(incident, text))

    def ticket_answers(self, language: str = "de", ticket: str = "") -> list[Json]:
        """Texts to answer with: `name`, `title` and `text`, filled in for a ticket."""
        return self._send(tickets.answers(language, ticket))

    def ticket_mails(self, which: str = "quarantine", limit: int = 100) -> Json:
        """Mails that wait, are about no ticket (`unsorted`), were `dropped`, or `all` that came."""
        return self._send(tickets.mails(which, limit))

    def ticket_mail(self, id: str) -> Json:
        """One of them, with all its text."""
        return self._send(tickets.mail(id))

    def decide_ticket_mail(self, id: str, what: str, ticket: str = "") -> Json:
        """`accept` it (into its ticket, the one with that number, or a new one), or `drop` it."""
        return self._send(tickets.decide(id, what, ticket))

    def try_mailbox(self) -> Json:
        """Whether the mailbox of tickets can be read: `works`, `new`, `answer`."""
        return self._send(tickets.try_mailbox())

    def incident(self, id: str) -> Json:
        """An incident with its schools, alerts and events."""
        return self._send(incidents.course(id))

    def fault_report(self, id: str, language: str = "de") -> Json:
        """A draft of the fault report to the provider: `subject`, `text`."""
        return self._send(incidents.fault_report(id, language))

    def act_on_incident(self, id: str, what: str) -> None:
        """`acknowledge`, `claim` or `release` an incident."""
        return self._send(incidents.act(id, what))

    def close_incident(self, id: str, text: str) -> None:
        """End an incident of which nobody reports any more whether it is over."""
        return self._send(incidents.write(id, "close", text))

    def note_incident(self, id: str, text: str) -> None:
        """Write down what was found out or done."""
        return self._send(incidents.write(id, "notes", text))

    def alert_rules(self) -> Json:
        """`rules` in force, and the `problem` of the city's own."""
        return self._send(incidents.rules())

    def try_rules(self, school: str, hours: int = 24, rules: str = "") -> Json:
        """What rules (YAML; '' those in force) would have done with a school's last hours."""
        return self._send(incidents.try_rules(school, hours, rules))

    def plan(self, plural: str, new: Mapping[str, Any]) -> Json:
        """Enter one of the `windows` or `on-calls`: `id`."""
        return self._send(incidents.plan(plural, new))

    def end_planned(self, plural: str, id: str) -> None:
        """End one of the `windows` or `on-calls` now."""
        return self._send(incidents.end(plural, id))

    def import_days(
        self, school: str, data: bytes, kind: str = "", *, dry_run: bool = False
    ) -> Json:
        """Enter the days of an iCalendar file; `kind`: what all its events are."""
        return self._send(calendar.import_days(school, data, kind, dry_run))

    def import_lessons(
        self, school: str, data: bytes, periods: str = "", *, dry_run: bool = False
    ) -> Json:
        """Replace a timetable by that of a GPU001 file; `periods`: '1=07:50-08:35,2=…'."""
        return self._send(calendar.import_lessons(school, data, periods, dry_run))

    def lessons(self, school: str, room: str = "") -> Json:
        """A timetable, or that of one room: `lessons`, and `now` those at this moment."""
        return self._send(calendar.lessons(school, room))

    def proof(self, uplink: str, month: str) -> Json:
        """What a line delivered in a month such as 2026-10, in lesson time."""
        return self._send(proofs.read(uplink, month))

    def proof_table(self, uplink: str, month: str) -> bytes:
        """The lesson hours of the same, as CSV."""
        return self._send(proofs.table(uplink, month))

    def issue_proof(self, uplink: str, month: str, language: str = "de") -> Json:
        """Print, sign and keep it: `id`, `number`, `pdf_sha256`; the kept one if that is it."""
        return self._send(proofs.issue(uplink, month, language))

    def proofs(self, uplink: str) -> list[Json]:
        """The proofs that were issued for a line, the latest first."""
        return self._send(proofs.issued(uplink))

    def proof_document(self, id: str) -> bytes:
        """The PDF of an issued proof, as it was issued."""
        return self._send(proofs.document(id))

    def lines(self, month: str = "") -> Json:
        """All lines with what is booked and delivered in a month (this one): `month`, `lines`."""
        return self._send(proofs.lines(month))

    def readiness(self, date: str = "") -> Json:
        """Whether teaching works at all schools, now or as recorded on a morning: `schools`."""
        return self._send(mornings.every(date))

    def school_readiness(self, school: str, date: str = "") -> Json:
        """The same of one school: `level`, `reason`, `parts`."""
        return self._send(mornings.of_school(school, date))

    def place_code(self, plural: str, key: str, *, renew: bool = False) -> Json:
        """The code of one of `rooms`, `devices`, `schools` (its board), made if there is none:
        `code`, `path`, `url`."""
        return self._send(places.code(plural, key, renew))

    def revoke_place_code(self, plural: str, key: str) -> None:
        """Take such a code out of use."""
        return self._send(places.revoke_code(plural, key))

    def room_measurements(self, room: str, limit: int = 50) -> Json:
        """What browsers in a room measured, newest first, beside the line: `measurements`."""
        return self._send(places.measured(room, limit))

    def set_secret(self, id: str, secret: str, secret2: str = "") -> None:
        """Set the secret of a credential; nobody reads it again."""
        return self._send(requests.set_secret(id, secret, secret2))

    def audit_verify(self) -> Json:
        """Check the chain of the audit: `ok`, `events`, `head`."""
        return self._send(requests.audit_verify())

    def audit_chain(self) -> bytes:
        """All sealed events in order as JSON lines, for `docs/verify_audit.py`."""
        return self._send(requests.audit_chain())

    def backup(self) -> Json:
        """Make a backup on the server and check it: `path`, `bytes`, `sha256`."""
        return self._send(requests.backup())

    def backups(self) -> list[Json]:
        """The backups that the server has."""
        return self._send(requests.backups())
