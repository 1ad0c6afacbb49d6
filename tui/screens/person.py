"""A person: roles, what the person holds and from where, the last sign-ins."""

from __future__ import annotations

from textual.content import Content

from tui import cells, describe, grants, rights
from tui.actions import N_
from tui.backend import Backend, Json, code_of
from tui.i18n import _
from tui.screens.record import RecordScreen

MOST_EVENTS = 10
_EVENTS = {
    "first sign-in": N_("first sign-in"),
    "sign in": N_("sign in"),
    "roles changed": N_("roles changed"),
    "end sessions": N_("sessions ended"),
}


class PersonScreen(RecordScreen):
    """Somebody who has signed in at least once."""

    async def _history(self, client: Backend) -> list[Content]:
        found: list[Content] = []
        if self.ops.may("access.explain") and (held := await self._grants(client)):
            found += [Content(""), describe.heading(_("May do")), *grants.lines_of(held)]
        if self.ops.may("audit.read") and (events := await self._events(client)):
            found += [Content(""), describe.heading(_("Last sign-ins")), *events]
        return found

    async def _grants(self, client: Backend) -> list[Json]:
        """All that the person holds now; nothing where one may not ask."""
        values = self.record["values"]
        places = ["", *rights.schools(str(values["roles"] or ""))]
        for school in places:  # who may not ask about the whole city may ask about a school
            try:
                answer = await client.explain_access(
                    "estate.read", who=values["username"], school=school
                )
            except Exception as error:
                if code_of(error) not in ("auth.forbidden", "estate.unknown"):
                    raise
            else:
                return list(answer["holds"])
        return []

    async def _events(self, client: Backend) -> list[Content]:
        name = str(self.record["values"]["username"]).replace('"', "")
        page = await client.page(
            "audit",
            q=f'kind:account record:"{name}"',
            sort="-id",
            limit=MOST_EVENTS,
            columns=("at", "action", "actor"),
        )
        return [
            describe.pair(cells.when(at), f"{_(_EVENTS.get(action, action))}  {actor}")
            for *_head, at, action, actor in page.rows
        ]
