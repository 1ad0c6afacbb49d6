"""What crosses HTTP about tickets."""

from __future__ import annotations

from typing import Any, Literal, TypedDict

from pydantic import BaseModel, Field

from schoolops.web.shapes import Time

Category = Literal["network", "device", "account", "other", "wish"]
Priority = Literal["P1", "P2", "P3", "P4"]
State = Literal["new", "open", "waiting", "solved", "closed"]
Way = Literal["web", "tui", "cli", "phone", "paper"]
LONGEST = 20_000


class NewTicket(BaseModel):
    """A report. School, or a device that stands at one; `room` such as '2.14'. `name` and `mail`:
    who asked, if somebody else writes it down. `form_key`: the same one sent again makes no second
    ticket. `priority` '' follows from the rest."""

    school: str = Field(default="", max_length=40)
    room: str = Field(default="", max_length=4000)
    device: str = Field(default="", max_length=200)
    title: str = Field(default="", max_length=200)
    text: str = Field(default="", max_length=LONGEST)
    category: Category = "other"
    priority: Priority | Literal[""] = ""
    via: Way = "cli"
    language: Literal["de", "de-simple", "en"] = "de"
    name: str = Field(default="", max_length=200)
    mail: str = Field(default="", max_length=254)
    form_key: str = Field(default="", max_length=64)


class Reply(BaseModel):
    """Words to the reporter; with `internal` a note among those who work on it."""

    text: str = Field(min_length=1, max_length=LONGEST)
    internal: bool = False


class Assignment(BaseModel):
    """To whom; '' to nobody."""

    username: str = Field(default="", max_length=200)


class Change(BaseModel):
    """What becomes of a ticket, and what is said with it. `waits_for` goes with 'waiting'."""

    state: Literal["open", "waiting", "solved", "closed"]
    waits_for: Literal["school", "vendor"] = "school"
    text: str = Field(default="", max_length=LONGEST)


class Urgency(BaseModel):
    """What is promised for it."""

    priority: Priority


class Other(BaseModel):
    """Another ticket (its number or id), or none."""

    ticket: str = Field(default="", max_length=40)


class OfIncident(BaseModel):
    """An incident's id; '' for none."""

    incident: str = Field(default="", max_length=40)


class ForAll(BaseModel):
    """What all are told who reported a fault."""

    text: str = Field(min_length=1, max_length=LONGEST)


class NewArticle(BaseModel):
    """What helps, for everybody who reports."""

    title: str = Field(min_length=1, max_length=200)
    text: str = Field(min_length=1, max_length=LONGEST)


class Suggestion(TypedDict):
    """What helped before: an article, or (with its number) a solved ticket; `text`: what helped."""

    kind: Literal["article", "ticket"]
    id: str
    number: int | None
    title: str
    text: str
    at: Time | None


class Suggestions(TypedDict):
    """The best first."""

    suggestions: list[Suggestion]


class Booked(TypedDict):
    """A ticket in short; `joined_to`: the number of the one about the same thing."""

    id: str
    number: int
    state: State
    priority: Priority
    joined_to: int | None


class Promised(TypedDict):
    """How a promise stands: when it was kept, when it is due, how much of its time is used (1.0 is
    all), and how many seconds of lessons are left (below 0: so much too late)."""

    state: Literal["none", "running", "waiting", "met", "missed"]
    kept: Time | None
    due: Time | None
    share: float
    left_s: int


class Entry(TypedDict):
    """What was said or done; what is `public` the reporter reads."""

    id: str
    at: Time
    by: str
    side: Literal["reporter", "staff", "vendor", "system"]
    what: str
    public: bool
    text: str
    data: dict[str, Any]


class Fault(TypedDict):
    """The incident that a ticket belongs to."""

    id: str
    title: str
    title_de: str
    state: str
    schools: int
    ended: Time | None


class Promises(TypedDict):
    """The three promises of a ticket."""

    acknowledge: Promised
    workaround: Promised
    fix: Promised


class File(TypedDict):
    """A file of a ticket; `type` is what its first bytes say, `size` in bytes."""

    id: str
    at: Time
    name: str
    type: str
    size: int
    sha256: str


class Ticket(TypedDict):
    """A whole ticket; `seen`: what was known when it came."""

    id: str
    number: int
    school: str | None
    school_name: str | None
    room: str | None
    device: str | None
    title: str
    category: Category
    priority: Priority
    state: State
    waits_for: str | None
    via: str
    reporter: str
    assigned_to: str | None
    opened: Time
    changed: Time
    solved: Time | None
    closed: Time | None
    joined_to: int | None
    joined: list[int]
    links: list[int]
    incident: Fault | None
    files: list[File]
    seen: dict[str, Any]
    promises: Promises
    entries: list[Entry]


class Answer(TypedDict):
    """A text to answer with; `name` is that of its file."""

    name: str
    title: str
    text: str


class Answers(TypedDict):
    """What can be answered with."""

    answers: list[Answer]


class Told(TypedDict):
    """To how many tickets an update went."""

    tickets: int


KEPT_MAILS = ("quarantine", "unsorted", "dropped", "all")
"""Waits for a decision; a machine's about no known ticket; put away; all that came."""
WhichMail = Literal["quarantine", "unsorted", "dropped", "all"]


class KeptMail(TypedDict):
    """A mail that came. `state`: what became of it, `why` in a word; the sender is masked where the
    name may not be known; `size` in bytes."""

    id: str
    at: Time
    state: str
    why: str
    ticket: int | None
    sender: str
    name: str
    subject: str
    size: int


class MailText(KeptMail):
    """The same with all its text."""

    text: str


class Mails(TypedDict):
    """How many there are of each kind, and the newest of the one that was asked for."""

    counts: dict[str, int]
    mails: list[KeptMail]


class MailDecided(TypedDict):
    """What was decided, and the ticket it is part of."""

    id: str
    state: str
    ticket: int | None


class MailboxTried(TypedDict):
    """Whether the mailbox can be read, how many mails are new, and what its server said."""

    works: bool
    new: int
    answer: str
