"""The asynchronous client."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from types import TracebackType
from typing import Any, TypeVar

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


async def connect_async(server: str | None = None, token: str | None = None) -> AsyncClient:
    """A client of that server, or of this computer's own, which is started if it does not run.

    Raises `Offline` when it does not start, ValueError for an address that is none.
    """
    return AsyncClient(await asyncio.to_thread(find_endpoint, server, token))


class AsyncClient:
    """One server, asynchronously, for the tasks of one event loop; close it, or use `async with`.

    Every method raises `ApiError` when the server refuses and `Offline` when none answers.
    """

    def __init__(
        self, endpoint: Endpoint, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self.endpoint = endpoint
        if transport is None and endpoint.socket:
            transport = httpx.AsyncHTTPTransport(uds=str(endpoint.socket), verify=False)
        self._http = httpx.AsyncClient(transport=transport, **client_options(endpoint))

    async def __aenter__(self) -> AsyncClient:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connections; the server goes on."""
        await self._http.aclose()

    async def wake(self, *, again: bool = False) -> None:
        """Start this computer's server again if it has ended; does nothing for another one's.

        `Stopped` if somebody stopped it on purpose, unless it is wanted `again`.
        """
        if self.endpoint.home:
            await asyncio.to_thread(wake_server, self.endpoint.home, again=again)

    async def _send(self, request: Request[T]) -> T:
        with errors_of(self.endpoint):
            try:
                response = await self._http.send(self._http.build_request(**built(request)))
            except httpx.TransportError as error:
                if not may_repeat(request, error):
                    raise
                response = await self._http.send(self._http.build_request(**built(request)))
        return read(request, self.endpoint, response)

    async def changes(self, after: int | None = None) -> AsyncIterator[Event]:
        """What changes from a cursor on (None: from now), until `Offline` is raised."""
        reader = EventReader(await self.cursor() if after is None else after)
        params = {"after": str(reader.cursor)}
        timeout = httpx.Timeout(SILENCE_S, connect=CONNECT_S)
        with errors_of(self.endpoint):
            async with self._http.stream(
                "GET", "/changes", params=params, timeout=timeout
            ) as response:
                if response.status_code >= 300:
                    await response.aread()
                    raise requests.problem(
                        response.status_code, response.content, self.endpoint.name
                    )
                async for part in response.aiter_bytes():
                    try:
                        for event in reader.feed(part):
                            yield event
                    except ValueError as error:
                        raise Offline(str(error)) from None
        raise Offline(say("{server} has ended the stream of changes", server=self.endpoint.name))

    async def page(
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
        return await self._send(requests.page(plural, q, sort, offset, limit, columns, wide))

    async def count(self, plural: str, *, q: str = "") -> int:
        """How many records match."""
        return await self._send(requests.count(plural, q))

    async def rows(
        self,
        plural: str,
        *,
        ids: Sequence[str],
        columns: Sequence[str] | None = None,
    ) -> Page:
        """Those rows of a list again (at most 200 uuids)."""
        return await self._send(requests.rows(plural, ids, columns))

    async def get(self, plural: str, id: str) -> Json:
        """The record with that uuid or key."""
        return await self._send(requests.get(plural, id))

    async def create(self, plural: str, values: Json) -> Json:
        """Create a record; values as text or native."""
        return await self._send(requests.create(plural, values))

    async def edit(self, plural: str, id: str, version: int, values: Json) -> Json:
        """Change fields; ApiError `estate.stale` when `version` is no longer the current one."""
        return await self._send(requests.edit(plural, id, version, values))

    async def move(
        self,
        id: str,
        version: int,
        room: str | None,
        school: str | None = None,
        note: str = "",
    ) -> Json:
        """Put a device into a room (its key), or into none."""
        return await self._send(requests.move(id, version, room, school, note))

    async def retire(self, plural: str, id: str, version: int, reason: str) -> Json:
        """Take a record out of use; it stays readable."""
        return await self._send(requests.retire(plural, id, version, reason))

    async def reinstate(self, plural: str, id: str, version: int) -> Json:
        """Take a retired record into use again."""
        return await self._send(requests.reinstate(plural, id, version))

    async def bulk(
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
        return await self._send(
            requests.bulk(plural, ids, q, values, retire, reason, expect, dry_run)
        )

    async def import_file(
        self,
        plural: str,
        filename: str,
        data: bytes,
        dry_run: bool,
        mapping: Mapping[str, str] | None = None,
        overwrite: bool = False,
    ) -> Json:
        """Import a CSV, XLSX or JSON file; `mapping` is heading → field for what is not guessed.

        A published list leaves what people corrected, unless it shall `overwrite`.
        """
        return await self._send(
            requests.import_file(plural, filename, data, dry_run, mapping, overwrite)
        )

    async def export(
        self,
        plural: str,
        q: str,
        format: str,
        columns: Sequence[str] | None = None,
    ) -> bytes:
        """The matching records as a file: csv, json or xlsx."""
        return await self._send(requests.export(plural, q, format, columns))

    async def download_link(
        self,
        plural: str,
        q: str,
        format: str,
        columns: Sequence[str] | None = None,
    ) -> Json:
        """An address that gives the export once, without login: `url`, `expires`."""
        return await self._send(requests.download_link(plural, q, format, columns))

    async def history(self, plural: str, id: str, before: int = 0) -> Json:
        """A record's `changes`, who `created` it, and a device's `placements`, latest first.

        With `more`, the changes `before` the last number are asked for in the same way.
        """
        return await self._send(requests.history(plural, id, before))

    async def latest(self, plural: str, id: str) -> Json:
        """The last measurements of a device, uplink, agent or room."""
        return await self._send(requests.latest(plural, id))

    async def series(self, plural: str, id: str, metric: str, since: int = 3600) -> Json:
        """Measurements of the last `since` seconds: `times` (epoch s), `values`, `unit`."""
        return await self._send(requests.series(plural, id, metric, since))

    async def overview(self) -> Json:
        """The city at a glance: counts, and all open schools, worst first."""
        return await self._send(requests.overview())

    async def me(self) -> Json:
        """Who the server takes us for and what we may do."""
        return await self._send(requests.me())

    async def sign_in_way(self) -> Json:
        """How people sign in at this server: `issuer` (empty: only with tokens), `client`."""
        return await self._send(requests.sign_in_way())

    async def health(self) -> Json:
        """`ApiError` with a code `database.…` while the server cannot write; needs no login."""
        return await self._send(requests.health())

    async def live(self) -> Json:
        """Whether the server lives, and its version; needs no login."""
        return await self._send(requests.live())

    async def cursor(self) -> int:
        """Where the change stream stands now."""
        return await self._send(requests.cursor())

    async def invite(self, school: str, name: str = "") -> Json:
        """A one-time join code for an agent at that school: `code`, `expires`."""
        return await self._send(requests.invite(school, name))

    async def revoke(self, id: str, reason: str = "") -> None:
        """Shut an agent out for good."""
        return await self._send(requests.revoke(id, reason))

    async def ask_agent(self, id: str, kind: str, arguments: Json) -> Json:
        """Ask an agent for something; gives the command, without its answer yet."""
        return await self._send(requests.ask_agent(id, kind, arguments))

    async def commands(self, id: str) -> list[Json]:
        """What an agent was asked for lately, newest first."""
        found = await self._send(requests.commands(id))
        return list(found["commands"])

    async def adopt(self, id: str, values: Json) -> Json:
        """Make a discovered device one of ours; gives the new device."""
        return await self._send(requests.adopt(id, values))

    async def ignore(self, id: str) -> None:
        """Do not offer a discovered device again."""
        return await self._send(requests.ignore(id))

    async def portal_link(self) -> Json:
        """A one-time link to the web pages as this computer's user: `{"url"}`."""
        return await self._send(requests.portal_link())

    async def tokens(self) -> list[Json]:
        """The tokens of persons, without their secrets."""
        return await self._send(access.tokens())

    async def create_token(
        self,
        name: str,
        role: str,
        *,
        schools: Sequence[str] | None = None,
        authority: str | None = None,
        days: int = 365,
    ) -> Json:
        """A token for a person; `token` is shown this once."""
        return await self._send(access.create_token(name, role, schools, authority, days))

    async def revoke_token(self, name: str) -> None:
        """End a token at once."""
        return await self._send(access.revoke_token(name))

    async def end_sessions(self, who: str) -> None:
        """Take no token of a person (user name or id) any more that was issued until now."""
        return await self._send(access.end_sessions(who))

    async def explain_access(
        self,
        permission: str,
        *,
        who: str = "",
        school: str = "",
        class_name: str = "",
        field_class: str = "",
    ) -> Json:
        """May somebody (a user name, '' for oneself) do that there: `allowed`, `reason`, `by`."""
        return await self._send(
            access.explain_access(permission, who, school, class_name, field_class)
        )

    async def delegate(
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
        return await self._send(
            access.delegate(receiver, permissions, school, until, reason, class_name)
        )

    async def revoke_delegation(self, id: str) -> None:
        """Take a right for a time back."""
        return await self._send(access.revoke_delegation(id))

    async def ask_emergency(
        self, school: str, permissions: Sequence[str], *, hours: int, reason: str
    ) -> Json:
        """Propose emergency access at a school for oneself: `id`, `state`, `until`."""
        return await self._send(access.ask_emergency(school, permissions, hours, reason))

    async def decide(self, id: str, approve: bool, note: str = "") -> Json:
        """Approve what somebody else proposed, or reject it with a note."""
        return await self._send(access.decide(id, approve, note))

    async def withdraw(self, id: str) -> None:
        """Take an own proposal back."""
        return await self._send(access.withdraw(id))

    async def mail(self, state: str = "", limit: int = 100) -> Json:
        """Outgoing mail, addresses masked: `on`, `counts`, `mails` (the latest of that state)."""
        return await self._send(access.mail(state, limit))

    async def test_mail(self, address: str) -> Json:
        """Send one mail now: `sent`, and the mail server's `answer`."""
        return await self._send(access.test_mail(address))

    async def retry_mail(self, ids: Sequence[str] = ()) -> Json:
        """Try failed and waiting mails at once, those with these ids or all: `again`."""
        return await self._send(access.retry_mail(ids))

    async def calendar(self, school: str, since: str = "", until: str = "") -> Json:
        """A school's bell times, holidays and entered days; a year from today, or those days."""
        return await self._send(calendar.read(school, since, until))

    async def set_bells(self, school: str, bells: Sequence[Mapping[str, Any]]) -> Json:
        """Set a school's bells, each `weekday`, `begin`, `end`; none: the usual of its form."""
        return await self._send(calendar.set_bells(school, bells))

    async def add_day(self, school: str | None, day: Mapping[str, Any]) -> Json:
        """Enter days (`kind`, `first`, `last`, `note`, `rooms`) for a school, or None for all."""
        return await self._send(calendar.add_day(school, day))

    async def remove_day(self, school: str | None, id: str) -> None:
        """Remove entered days of a school, or None: of all."""
        return await self._send(calendar.remove_day(school, id))

    async def report(self, new: Json) -> Json:
        """Report a fault or a wish: `id`, `number`, `state`, `priority`, `joined_to`."""
        return await self._send(tickets.report(new))

    async def ticket(self, id: str) -> Json:
        """A ticket by number or id with all that was said and done."""
        return await self._send(tickets.course(id))

    async def act_on_ticket(self, id: str, what: str, **given: Any) -> Json:
        """Its `replies`, `state`, `assignment`, `priority`, `join`, `links` or `incident`."""
        return await self._send(tickets.act(id, what, given))

    async def suggestions(self, text: str) -> list[Json]:
        """What helped before with what these words say, the best first."""
        found = await self._send(tickets.suggestions(text))
        return list(found["suggestions"])

    async def articles(self) -> list[Json]:
        """What is written down for everybody who reports."""
        found = await self._send(tickets.articles())
        return list(found["suggestions"])

    async def write_article(self, title: str, text: str) -> Json:
        """Write down what helps."""
        return await self._send(tickets.write_article(title, text))

    async def retire_article(self, id: str) -> None:
        """Suggest it no more."""
        return await self._send(tickets.retire_article(id))

    async def tell_all(self, incident: str, text: str) -> Json:
        """Answer all who reported a fault: `tickets`, how many."""
        return await self._send(tickets.tell_all(incident, text))

    async def ticket_answers(self, language: str = "de", ticket: str = "") -> list[Json]:
        """Texts to answer with: `name`, `title` and `text`, filled in for a ticket."""
        return await self._send(tickets.answers(language, ticket))

    async def ticket_mails(self, which: str = "quarantine", limit: int = 100) -> Json:
        """Mails that wait, are about no ticket (`unsorted`), were `dropped`, or `all` that came."""
        return await self._send(tickets.mails(which, limit))

    async def ticket_mail(self, id: str) -> Json:
        """One of them, with all its text."""
        return await self._send(tickets.mail(id))

    async def decide_ticket_mail(self, id: str, what: str, ticket: str = "") -> Json:
        """`accept` it (into its ticket, the one with that number, or a new one), or `drop` it."""
        return await self._send(tickets.decide(id, what, ticket))

    async def try_mailbox(self) -> Json:
        """Whether the mailbox of tickets can be read: `works`, `new`, `answer`."""
        return await self._send(tickets.try_mailbox())

    async def incident(self, id: str) -> Json:
        """An incident with its schools, alerts and events."""
        return await self._send(incidents.course(id))

    async def fault_report(self, id: str, language: str = "de") -> Json:
        """A draft of the fault report to the provider: `subject`, `text`."""
        return await self._send(incidents.fault_report(id, language))

    async def act_on_incident(self, id: str, what: str) -> None:
        """`acknowledge`, `claim` or `release` an incident."""
        return await self._send(incidents.act(id, what))

    async def close_incident(self, id: str, text: str) -> None:
        """End an incident of which nobody reports any more whether it is over."""
        return await self._send(incidents.write(id, "close", text))

    async def note_incident(self, id: str, text: str) -> None:
        """Write down what was found out or done."""
        return await self._send(incidents.write(id, "notes", text))

    async def alert_rules(self) -> Json:
        """`rules` in force, and the `problem` of the city's own."""
        return await self._send(incidents.rules())

    async def try_rules(self, school: str, hours: int = 24, rules: str = "") -> Json:
        """What rules (YAML; '' those in force) would have done with a school's last hours."""
        return await self._send(incidents.try_rules(school, hours, rules))

    async def plan(self, plural: str, new: Mapping[str, Any]) -> Json:
        """Enter one of the `windows` or `on-calls`: `id`."""
        return await self._send(incidents.plan(plural, new))

    async def end_planned(self, plural: str, id: str) -> None:
        """End one of the `windows` or `on-calls` now."""
        return await self._send(incidents.end(plural, id))

    async def import_days(
        self, school: str, data: bytes, kind: str = "", *, dry_run: bool = False
    ) -> Json:
        """Enter the days of an iCalendar file; `kind`: what all its events are."""
        return await self._send(calendar.import_days(school, data, kind, dry_run))

    async def import_lessons(
        self, school: str, data: bytes, periods: str = "", *, dry_run: bool = False
    ) -> Json:
        """Replace a timetable by that of a GPU001 file; `periods`: '1=07:50-08:35,2=…'."""
        return await self._send(calendar.import_lessons(school, data, periods, dry_run))

    async def lessons(self, school: str, room: str = "") -> Json:
        """A timetable, or that of one room: `lessons`, and `now` those at this moment."""
        return await self._send(calendar.lessons(school, room))

    async def proof(self, uplink: str, month: str) -> Json:
        """What a line delivered in a month such as 2026-10, in lesson time."""
        return await self._send(proofs.read(uplink, month))

    async def proof_table(self, uplink: str, month: str) -> bytes:
        """The lesson hours of the same, as CSV."""
        return await self._send(proofs.table(uplink, month))

    async def issue_proof(self, uplink: str, month: str, language: str = "de") -> Json:
        """Print, sign and keep it: `id`, `number`, `pdf_sha256`; the kept one if that is it."""
        return await self._send(proofs.issue(uplink, month, language))

    async def proofs(self, uplink: str) -> list[Json]:
        """The proofs that were issued for a line, the latest first."""
        return await self._send(proofs.issued(uplink))

    async def proof_document(self, id: str) -> bytes:
        """The PDF of an issued proof, as it was issued."""
        return await self._send(proofs.document(id))

    async def lines(self, month: str = "") -> Json:
        """All lines with what is booked and delivered in a month (this one): `month`, `lines`."""
        return await self._send(proofs.lines(month))

    async def readiness(self, date: str = "") -> Json:
        """Whether teaching works at all schools, now or as recorded on a morning: `schools`."""
        return await self._send(mornings.every(date))

    async def school_readiness(self, school: str, date: str = "") -> Json:
        """The same of one school: `level`, `reason`, `parts`."""
        return await self._send(mornings.of_school(school, date))

    async def place_code(self, plural: str, key: str, *, renew: bool = False) -> Json:
        """The code of one of `rooms`, `devices`, `schools` (its board), made if there is none:
        `code`, `path`, `url`."""
        return await self._send(places.code(plural, key, renew))

    async def revoke_place_code(self, plural: str, key: str) -> None:
        """Take such a code out of use."""
        return await self._send(places.revoke_code(plural, key))

    async def room_measurements(self, room: str, limit: int = 50) -> Json:
        """What browsers in a room measured, newest first, beside the line: `measurements`."""
        return await self._send(places.measured(room, limit))

    async def set_secret(self, id: str, secret: str, secret2: str = "") -> None:
        """Set the secret of a credential; nobody reads it again."""
        return await self._send(requests.set_secret(id, secret, secret2))

    async def audit_verify(self) -> Json:
        """Check the chain of the audit: `ok`, `events`, `head`."""
        return await self._send(requests.audit_verify())

    async def audit_chain(self) -> bytes:
        """All sealed events in order as JSON lines, for `docs/verify_audit.py`."""
        return await self._send(requests.audit_chain())

    async def backup(self) -> Json:
        """Make a backup on the server and check it: `path`, `bytes`, `sha256`."""
        return await self._send(requests.backup())

    async def backups(self) -> list[Json]:
        """The backups that the server has."""
        return await self._send(requests.backups())
