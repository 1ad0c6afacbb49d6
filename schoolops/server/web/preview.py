"""The city's own texts before they count: every page that can be overridden, with invented data.

What lies under `templates-draft/` of the home folder is shown to administrators here and by
`schoolops portal preview`; `schoolops portal publish` makes it count.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, cast

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from inventory.kinds import EDITABLE, KINDS
from inventory.sentences import say
from schoolops.core.clock import FixedClock
from schoolops.core.errors import Forbidden, NotFound
from schoolops.core.permissions import PORTAL_WRITE, Actor
from schoolops.core.settings import Settings
from schoolops.identity import notices  # noqa: F401  (registers its texts)
from schoolops.identity.pupils import Pupil, Slip
from schoolops.notify.texts import NOTICES, Texts
from schoolops.server.web import faults, legal
from schoolops.server.web.my_school import Wlan
from schoolops.web.pages import Page, Portal, Visit
from schoolops.web.templates import BEFORE, DRAFT, LIVE, Templates

Values = Callable[[Visit], Mapping[str, Any]]

_SLIPS = [
    Slip(Pupil("1", "mia.muster", "Muster, Mia", ("164800/5a",)), "Bamiro-telafu-48"),
    Slip(Pupil("2", "ali.beispiel", "Beispiel, Ali", ("164800/5a",)), "Kolune-sabiro-73"),
]


def _my_school(_: Visit) -> Mapping[str, Any]:
    now = FixedClock().now()
    line = {
        "name": "line1", "state": "active", "health": "ok", "since": now, "observed": now,
        "provider": "Beispielnetz", "hotline": "0800 000000", "circuit": "FTTH-1",
    }  # fmt: skip
    return {
        "school": {"number": "164800", "name": "Musterschule", "short_name": "Musterschule"},
        "lines": [line],
        "wlan": Wlan(down=["2.14", "3.01"], ok=["1.01", "1.02", "1.03"]),
        "broken": [{"kind": "printer", "name": "Drucker Sekretariat", "room": "0.02"}],
        "contacts": [
            {"label": "Secretary", "name": "Muster, Kim", "phone": "0221 4710 101", "email": ""}
        ],
        "as_of": now,
        "own_classes": ["5a"],
        "all_classes": True,
    }


def _start(_: Visit) -> Mapping[str, Any]:
    return {"ready": True, "signed_out": False, "ended": False, "sign_in": "#"}


def _schools(visit: Visit) -> Mapping[str, Any]:
    schools = [
        {"number": "164800", "name": "Musterschule", "health": "ok"},
        {"number": "164811", "name": "Beispielschule", "health": "down"},
    ]
    return {"path": "/my-school", "heading": visit.gettext("Schools"), "schools": schools,
            "q": "", "before": None, "after": None}  # fmt: skip


def _class(_: Visit) -> Mapping[str, Any]:
    pupils = [slip.pupil for slip in _SLIPS]
    return {"school": "Musterschule", "number": "164800", "name": "5a", "pupils": pupils}


def _slips(visit: Visit) -> Mapping[str, Any]:
    return {"school": "Musterschule", "number": "164800", "name": "5a", "address": visit.origin,
            "slips": _SLIPS}  # fmt: skip


def _classes(_: Visit) -> Mapping[str, Any]:
    school = {"number": "164800", "name": "Musterschule", "classes": ["5a", "6b"]}
    return {"schools": [school], "others": True}


def _upload(_: Visit) -> Mapping[str, Any]:
    kinds = [{"plural": k.plural, "label": k.label_plural} for k in EDITABLE]
    return {"kinds": kinds, "chosen": "rooms", "megabytes": 64}


def _report(_: Visit) -> Mapping[str, Any]:
    refused = say(
        "there is no school {number} that you may see; look for it by its name", number="999999"
    )
    rows = [
        {"row": 3, "key": "999999/1.01", "outcome": "refused", "reason": refused},
        {"row": 2, "key": "164800/2.14", "outcome": "new", "reason": ""},
    ]
    counts = {"new": 1, "changed": 0, "same": 0, "retired": 0, "refused": 1}
    report = {"dry_run": True, "notes": [], "ignored": ["Bemerkung"], **counts}
    return {"label": KINDS["room"].label_plural, "filename": "räume.csv", "report": report,
            "rows": rows, "more": 0, "code": "x", "writes": 1}  # fmt: skip


def _approvals(_: Visit) -> Mapping[str, Any]:
    now = FixedClock().now()
    row = {
        "id": "x", "action": "Notfallzugriff", "subject": "t.technik → 164800", "school": "164800",
        "school_name": "Musterschule", "reason": "Die Schule ist offline.", "state": "…",
        "rights": ["…"], "hours": 2, "proposed_by": "t.technik", "until": now, "decided": now,
        "decided_by": "h.muster", "note": "…",
    }  # fmt: skip
    return {"waiting": [row], "more": False, "own": [row], "decided": [row], "done": ""}


def _delegations(_: Visit) -> Mapping[str, Any]:
    row = {
        "id": "x", "receiver": "v.muster", "giver": "h.muster", "rights": ["…"], "class": "5a",
        "school": "164800", "school_name": "Musterschule", "reason": "Vertretung",
        "until": FixedClock().now(), "emergency": False, "source": "",
    }  # fmt: skip
    return {"own": [row], "given": [], "others": [], "more": False, "done": ""}


def _room(_: Visit) -> Mapping[str, Any]:
    return {"code": "x", "room": "2.14", "school": "Musterschule", "exam": False,
            "room_script": "", "back": "#"}  # fmt: skip


def _known(visit: Visit) -> list[dict[str, Any]]:
    title = visit.gettext("The internet line is down.")
    return [{"title": title, "since": "10:12", "schools": 12, "said": "…", "said_at": "10:20"}]


def _fault(visit: Visit) -> Mapping[str, Any]:
    return {"code": "x", "school": "Musterschule", "room": "2.14", "device": "Beamer 2",
            "retired": False, "measures": True, "home": "#", "href_of": lambda what: f"#{what}",
            "megabytes": 25, "key": "x", "faults": _known(visit)}  # fmt: skip


def _fault_send(visit: Visit) -> Mapping[str, Any]:
    return {**_fault(visit), "what": "device", "asked": faults.title_of(visit, "device")}


def _fault_thanks(visit: Visit) -> Mapping[str, Any]:
    return {"number": 4711, "page": "#", "mail": True, "joined": False, "faults": _known(visit),
            "photo_wrong": "heic", "mail_wrong": True}  # fmt: skip


def _fault_status(visit: Visit) -> Mapping[str, Any]:
    said = {"at": "10:12", "text": "…", "closed": False, "solved": False}
    entries = [
        said | {"side": "reporter", "what": "opened"}, said | {"side": "staff", "what": "update"},
        said | {"side": "system", "what": "state", "solved": True},
    ]  # fmt: skip
    return {"number": 4711, "subject": faults.title_of(visit, "device"), "state": "solved",
            "waits_for": "", "assigned": True, "opened": "10:10", "room": "2.14", "photos": 1,
            "school": "Musterschule", "faults": [], "entries": entries, "megabytes": 25,
            "path": "/t/x", "photo_wrong": "large", "sent": True, "own": True}  # fmt: skip


def _my_faults(visit: Visit) -> Mapping[str, Any]:
    own = {"number": 4711, "title": faults.title_of(visit, "network"), "state": "open",
           "opened": "10:10"}  # fmt: skip
    return {"key": "x", "school": "Musterschule", "school_number": "164800", "megabytes": 25,
            "rooms": ["2.14"], "given": {"what": "", "room": "", "device": "", "text": ""},
            "own": [own]}  # fmt: skip


def _board(visit: Visit) -> Mapping[str, Any]:
    row = {"room": "2.14", "category": "device", "since": "10:12", "working": False, "waits": False}
    return {"school": "Musterschule", "faults": _known(visit), "reported": [row], "as_of": "10:30"}


def _error(_: Visit) -> Mapping[str, Any]:
    return {"error": Forbidden(say("this page is not for your role; ask your administrator")),
            "number": ""}  # fmt: skip


SAMPLES: Mapping[str, tuple[str, Values]] = {
    "start": ("start.html", _start),
    "my-school": ("my_school.html", _my_school),
    "schools": ("schools.html", _schools),
    "classes": ("classes.html", _classes),
    "class": ("class.html", _class),
    "slips": ("slips.html", _slips),
    "upload": ("upload.html", _upload),
    "report": ("report.html", _report),
    "approvals": ("approvals.html", _approvals),
    "delegations": ("delegations.html", _delegations),
    "room": ("room.html", _room),
    "fault": ("fault.html", _fault),
    "fault-send": ("fault_send.html", _fault_send),
    "fault-thanks": ("fault_thanks.html", _fault_thanks),
    "fault-status": ("fault_status.html", _fault_status),
    "my-faults": ("my_faults.html", _my_faults),
    "board": ("board.html", _board),
    "error": ("error.html", _error),
    "language": ("language.html", lambda _: {"next": "/"}),
    "opening": ("opening.html", lambda _: {}),
    **{name: ("legal.html", partial(legal.values, name=name)) for name in legal.TITLES},
}
"""Page → (template, invented values)."""


def show_list(visit: Visit) -> Response:
    drafts = Templates(visit.portal.settings.home, drafts=True)
    broken = {**visit.portal.templates.problems, **visit.portal.languages.problems}
    return visit.show(
        "preview.html",
        samples={name: _file(visit, name) for name in SAMPLES},
        mails=list(NOTICES),
        drafts=files_of(visit.portal.settings.home / DRAFT),
        live=files_of(visit.portal.settings.home / LIVE),
        broken=broken,
        wrong=problems(visit, drafts),
    )


def _file(visit: Visit, name: str) -> str:
    """The file that a city replaces to have its own words on a page."""
    if name in legal.TITLES:
        return str(legal.values(visit, name)["body"])
    return f"portal/{SAMPLES[name][0]}"


def show_one(visit: Visit) -> Response:
    """The page as it will be; of a broken draft the shipped text, and what is wrong above it."""
    name = visit.path("name")
    if name not in SAMPLES:
        raise NotFound(say("there is no preview {name!r}", name=name))
    drafts = Templates(visit.portal.settings.home, drafts=True)
    text = _render(visit, drafts, name)
    if drafts.problems:
        text = _render(visit, drafts, name, broken_draft="; ".join(drafts.problems.values()))
    return HTMLResponse(text)


def show_mail(visit: Visit) -> Response:
    """A mail as it will be."""
    name = visit.path("name")
    if name not in NOTICES:
        raise NotFound(say("there is no preview {name!r}", name=name))
    settings = visit.portal.settings
    texts = Texts(settings, Templates(settings.home, drafts=True))
    text = texts.fill(name, visit.language.tag, NOTICES[name])
    return visit.show(
        "preview_mail.html",
        name=name,
        text=text,
        sender=settings.mail.sender,
        wrong=texts.templates.problems,
    )


def _render(visit: Visit, templates: Templates, name: str, **others: Any) -> str:
    template, values = SAMPLES[name]
    found = visit.values(**values(visit), **others)
    return templates.render(f"portal/{template}", visit.language, found)


def problems(visit: Visit, templates: Templates) -> dict[str, str]:
    """Template → what is wrong, after rendering every sample in every language."""
    shown = visit.language
    for language in visit.portal.languages.by_tag.values():
        visit.__dict__["language"] = language
        for name in SAMPLES:
            _render(visit, templates, name)
    visit.__dict__["language"] = shown
    Texts(visit.portal.settings, templates).problems()
    found = dict(templates.problems)
    for file in templates.own_files():
        # A file that no sample shows is at least read.
        if file.endswith((".html", ".txt")) and (why := templates.unreadable(file)):
            found.setdefault(file, why)
        elif not templates.is_known(file):
            found.setdefault(file, "no page uses a template of this name")
    return found


def files_of(folder: Path) -> list[str]:
    if not folder.is_dir():
        return []
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())


def publish(home: Path) -> list[str]:
    """Make the drafts count. What they replace is kept under `templates-before/`."""
    done = files_of(home / DRAFT)
    for name in done:
        live, before = home / LIVE / name, home / BEFORE / name
        for path in (live, before):
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if live.exists():
            live.replace(before)
        (home / DRAFT / name).replace(live)
    return done


def check(settings: Settings, *, drafts: bool = True) -> dict[str, str]:
    """The problems of the city's own templates, without a server. For the command line."""
    portal = Portal(settings, cast(Any, None), cast(Any, None))
    scope = {
        "type": "http", "method": "GET", "path": "/preview", "query_string": b"",
        "headers": [(b"host", b"localhost")], "scheme": "https", "server": ("localhost", 443),
    }  # fmt: skip
    visit = Visit(Request(scope), portal, (), tls=True)
    found = problems(visit, Templates(settings.home, drafts=drafts))
    return {**portal.languages.problems, **found}


def _may(actor: Actor) -> bool:
    return actor.scope(PORTAL_WRITE).everywhere


PAGES = (
    Page("/preview", get=show_list, may=_may, title="Own texts"),
    Page(
        "/preview/mail/{name}",
        get=show_mail,
        may=_may,
        examples=("/preview/mail/emergency-asked", "/preview/mail/test"),
    ),
    Page(
        "/preview/{name}",
        get=show_one,
        may=_may,
        examples=("/preview/privacy", "/preview/slips", "/preview/start"),
    ),
)
