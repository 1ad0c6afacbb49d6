"""What the screens need of `schoolops.client`, and how its errors become sentences."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from tui.i18n import _
from tui.said import is_sentence, said

if TYPE_CHECKING:
    from schoolops.client import Endpoint

Json = dict[str, Any]


class PageLike(Protocol):
    """Rows with the columns they carry."""

    @property
    def columns(self) -> tuple[str, ...]: ...
    @property
    def rows(self) -> list[list[Any]]: ...
    @property
    def more(self) -> bool: ...


class Backend(Protocol):
    """The asynchronous client, as far as the screens use it."""

    endpoint: Endpoint

    async def page(
        self,
        plural: str,
        *,
        q: str = ...,
        sort: str = ...,
        offset: int = ...,
        limit: int = ...,
        columns: Sequence[str] | None = ...,
        wide: bool = ...,
    ) -> PageLike: ...
    async def count(self, plural: str, *, q: str = ...) -> int: ...
    async def rows(
        self, plural: str, *, ids: Sequence[str], columns: Sequence[str] | None = ...
    ) -> PageLike: ...
    async def get(self, plural: str, id: str) -> Json: ...
    async def school_readiness(self, school: str, date: str = ...) -> Json: ...
    async def create(self, plural: str, values: Json) -> Json: ...
    async def edit(self, plural: str, id: str, version: int, values: Json) -> Json: ...
    async def move(
        self, id: str, version: int, room: str | None, school: str | None = ..., note: str = ...
    ) -> Json: ...
    async def retire(self, plural: str, id: str, version: int, reason: str) -> Json: ...
    async def reinstate(self, plural: str, id: str, version: int) -> Json: ...
    async def bulk(
        self,
        plural: str,
        *,
        ids: Sequence[str] | None = ...,
        q: str | None = ...,
        values: Json | None = ...,
        retire: bool = ...,
        reason: str = ...,
        expect: int | None = ...,
        dry_run: bool = ...,
    ) -> Json: ...
    async def import_file(
        self,
        plural: str,
        filename: str,
        data: bytes,
        dry_run: bool,
        mapping: dict[str, str] | None = ...,
    ) -> Json: ...
    async def export(
        self, plural: str, q: str, format: str, columns: Sequence[str] | None = ...
    ) -> bytes: ...
    async def download_link(
        self, plural: str, q: str, format: str, columns: Sequence[str] | None = ...
    ) -> Json: ...
    async def history(self, plural: str, id: str, before: int = ...) -> Json: ...
    async def room_measurements(self, room: str, limit: int = ...) -> Json: ...
    async def latest(self, plural: str, id: str) -> Json: ...
    async def series(self, plural: str, id: str, metric: str, since: int = ...) -> Json: ...
    async def overview(self) -> Json: ...
    async def health(self) -> Json: ...
    async def me(self) -> Json: ...
    async def invite(self, school: str, name: str = ...) -> Json: ...
    async def revoke(self, id: str, reason: str = ...) -> Any: ...
    async def adopt(self, id: str, values: Json) -> Json: ...
    async def ignore(self, id: str) -> Any: ...
    async def tokens(self) -> Any: ...
    async def create_token(
        self,
        name: str,
        role: str,
        *,
        schools: Sequence[str] | None = ...,
        authority: str | None = ...,
        days: int = ...,
    ) -> Json: ...
    async def revoke_token(self, name: str) -> Any: ...
    async def end_sessions(self, who: str) -> Any: ...
    async def explain_access(
        self,
        permission: str,
        *,
        who: str = ...,
        school: str = ...,
        class_name: str = ...,
        field_class: str = ...,
    ) -> Json: ...
    async def delegate(
        self,
        receiver: str,
        permissions: Sequence[str],
        *,
        school: str,
        until: str,
        reason: str,
        class_name: str = ...,
    ) -> Json: ...
    async def revoke_delegation(self, id: str) -> Any: ...
    async def ask_emergency(
        self, school: str, permissions: Sequence[str], *, hours: int, reason: str
    ) -> Json: ...
    async def decide(self, id: str, approve: bool, note: str = ...) -> Json: ...
    async def withdraw(self, id: str) -> Any: ...
    async def set_secret(self, id: str, secret: str, secret2: str = ...) -> Any: ...
    async def incident(self, id: str) -> Json: ...
    async def fault_report(self, id: str, language: str = ...) -> Json: ...
    async def act_on_incident(self, id: str, what: str) -> Any: ...
    async def note_incident(self, id: str, text: str) -> Any: ...
    async def alert_rules(self) -> Json: ...
    async def try_rules(self, school: str, hours: int = ...) -> Json: ...
    async def ask_agent(self, id: str, kind: str, arguments: Json) -> Json: ...
    async def commands(self, id: str) -> list[Json]: ...
    async def plan(self, plural: str, new: Json) -> Json: ...
    async def end_planned(self, plural: str, id: str) -> Any: ...
    async def lines(self, month: str = ...) -> Json: ...
    async def audit_verify(self) -> Json: ...
    def changes(self, after: int | None = ...) -> AsyncIterator[Any]: ...
    async def aclose(self) -> None: ...


STOPPED = "client.stopped"
"""The code of the error that says that somebody stopped this computer's server on purpose."""

Connect = Callable[[], Awaitable[Backend]]


def is_offline(error: BaseException) -> bool:
    """Whether no server answered, as opposed to one that said no."""
    return type(error).__name__ in ("Offline", "Stopped") or isinstance(
        error, ConnectionError | TimeoutError
    )


def is_trouble(error: BaseException) -> bool:
    """Whether the server answers and cannot work, since its database is away, full or read-only."""
    return code_of(error).startswith("database.")


def code_of(error: BaseException) -> str:
    """The stable code of a refusal ('estate.stale'); empty for anything else."""
    code = getattr(error, "code", "")
    return code if isinstance(code, str) else ""


def extra_of(error: BaseException) -> Json:
    """What came along with a refusal."""
    extra = getattr(error, "extra", None)
    return extra if isinstance(extra, dict) else {}


class NothingDone(Exception):
    """What was asked for would do nothing; the text says why, in the person's language."""


def sentence(error: BaseException) -> str | None:
    """What to tell a person; None for an error that nobody expected."""
    if isinstance(error, NothingDone):
        return str(error)
    if is_offline(error):
        return _(
            "No connection to the server. Try again when it is back; nothing is written twice."
        )
    if (code_of(error) and hasattr(error, "detail")) or is_sentence(error):
        return said(error)
    if isinstance(error, OSError):
        return f"{error.filename or ''}: {error.strerror or error}".removeprefix(": ")
    return None
