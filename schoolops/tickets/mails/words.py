"""What a mail says: HTML to text, quotes and signatures cut, subjects to compare. Pure, and as long
as the text at most."""

from __future__ import annotations

import html
import re

LONGEST_HTML = 400_000

# -- HTML ----------------------------------------------------------------------------------------

_SILENT = ("script", "style", "title", "template", "svg")
_SMALL = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz")
"""`lower()` makes some letters longer, and places would no longer fit."""
_LINES = frozenset((
    "br", "p", "div", "tr", "li", "h1", "h2", "h3", "h4", "h5", "h6", "table", "ul", "ol", "pre",
    "hr", "blockquote", "section", "article", "dt", "dd",
))  # fmt: skip
_BLANKS = re.compile(r"[ \t\r\n\f]+")
_NAME = re.compile(r"/?([a-zA-Z][a-zA-Z0-9]*)")


def html_to_text(source: str) -> str:
    """The words of a page: no script, nothing fetched; what is quoted begins with '> '."""
    source = source[:LONGEST_HTML]
    small = source.translate(_SMALL)
    parts: list[str] = []
    depth = at = 0

    def add(text: str) -> None:
        if text:
            parts.append(_BLANKS.sub(" ", html.unescape(text)))

    def end() -> None:
        parts.append("\n" + "> " * min(depth, 5))

    while at < len(source):
        opened = source.find("<", at)
        if opened < 0:
            add(source[at:])
            break
        add(source[at:opened])
        if source.startswith("<!--", opened):
            at = _after(source, "-->", opened + 4)
            continue
        name = _NAME.match(source, opened + 1)
        if name is None:
            if source[opened + 1 : opened + 2] in ("!", "?"):
                at = _after(source, ">", opened)
            else:
                add("<")
                at = opened + 1
            continue
        tag = name[1].lower()
        closing = source[opened + 1] == "/"
        at = _after(source, ">", name.end())
        if tag in _SILENT and not closing:
            at = _after(small, f"</{tag}", at)
            at = _after(source, ">", at) if at < len(source) else at
        elif tag == "blockquote":
            depth = max(0, depth + (-1 if closing else 1))
            end()
        elif tag in _LINES:
            end()
        elif tag in ("td", "th"):
            add(" ")
    lines = "".join(parts).split("\n")
    kept = [line.strip() if not line.startswith(">") else line.rstrip() for line in lines]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(kept)).strip()


def _after(source: str, what: str, at: int) -> int:
    found = source.find(what, at)
    return len(source) if found < 0 else found + len(what)


# -- format=flowed -------------------------------------------------------------------------------


def unflow(text: str, *, delsp: bool = False) -> str:
    """Paragraphs of a text whose lines were broken for the way (RFC 3676)."""
    found: list[str] = []
    before, open_ = -1, False
    for line in text.replace("\r\n", "\n").split("\n"):
        bare = line.lstrip(">")
        depth = len(line) - len(bare)
        bare = bare.removeprefix(" ")
        flows = bare.endswith(" ") and bare != "-- "
        if open_ and depth == before and bare != "-- ":
            found[-1] += bare
        else:
            found.append((">" * depth + " " if depth else "") + bare)
        if flows and delsp:
            found[-1] = found[-1][:-1]
        before, open_ = depth, flows
    return "\n".join(line if line == "-- " else line.rstrip() for line in found)


# -- replies -------------------------------------------------------------------------------------

_WROTE = re.compile(
    r"(?:On|Am|Le|Il|El|Op|W dniu|Den)\b.{4,300}?"
    r"(?:wrote|schrieb|a écrit|ha scritto|escribió|schreef|napisał)\b.{0,200}:\s*",
    re.IGNORECASE | re.DOTALL,
)
_SEPARATOR = re.compile(
    r"-{2,}\s*(?:original message|ursprüngliche nachricht|originalnachricht|original-nachricht|"
    r"weitergeleitete nachricht|forwarded message|message d'origine|urspr\. nachricht)\b.*",
    re.IGNORECASE,
)
_GROUPWISE = re.compile(r">>> .{1,200} >>>\s*")
_RULE = re.compile(r"_{20,}|-{30,}")
_FROM = re.compile(r"\*?(?:From|Von|De|Da|Van)\s?:\*?\s+\S", re.IGNORECASE)
_SENT = re.compile(
    r"\*?(?:Sent|Gesendet|Date|Datum|Envoyé|Inviato|Subject|Betreff|Objet|To|An|À)\s?:",
    re.IGNORECASE,
)
_MOBILE = re.compile(
    r"(?:Von meinem .{2,40} gesendet|Gesendet (?:von|mit|aus) .{2,60}|Sent (?:from|with) .{2,60}|"
    r"Get Outlook for .{2,20}|Outlook für .{2,40}|Diese Nachricht wurde von meinem .{2,80})\.?",
    re.IGNORECASE,
)


def said(text: str) -> str:
    """What somebody wrote anew: without the mail that it answers, and without the signature.

    Answers between the lines of a quote are kept with the quote. All of it when nothing is left.
    """
    lines = [line.rstrip(" \t") if line != "-- " else line for line in text.split("\n")]
    end = _quote_begins(lines)
    if end is not None:
        lines = lines[:end]
    while lines and (not lines[-1].strip() or lines[-1].startswith(">")):
        lines.pop()
    kept = "\n".join(_signed_off(lines)).strip()
    return kept or text.strip()


def _quote_begins(lines: list[str]) -> int | None:
    looks = 3
    """Each look for answers inside reads all that follows."""
    for number, line in enumerate(lines):
        bare = line.strip()
        if not bare:
            continue
        if _SEPARATOR.fullmatch(bare) or _GROUPWISE.fullmatch(bare):
            return number
        if (
            _FROM.match(bare)
            and sum(bool(_SENT.match(x.strip())) for x in lines[number + 1 : number + 6]) >= 2
        ):
            above = number - 1
            while above >= 0 and not lines[above].strip():
                above -= 1
            return above if above >= 0 and _RULE.fullmatch(lines[above].strip()) else number
        if looks and (length := _intro(lines, number)):
            if not _answers_inside(lines, number + length):
                return number
            looks -= 1
    return None


def _intro(lines: list[str], number: int) -> int:
    """Lines of 'On … somebody wrote:' that begin here; 0 for none."""
    if (
        not lines[number][:3]
        .strip()
        .lower()
        .startswith(("on", "am", "le", "il", "el", "op", "w ", "de"))
    ):
        return 0
    for length in (1, 2, 3):
        part = "\n".join(lines[number : number + length])
        if len(part) < 600 and _WROTE.fullmatch(part):
            return length
    return 0


def _answers_inside(lines: list[str], start: int) -> bool:
    """Whether somebody wrote between or below quoted lines."""
    rest = [line for line in lines[start:] if line.strip()]
    quoted = [number for number, line in enumerate(rest) if line.startswith(">")]
    if not quoted or quoted[0] != 0:
        return False
    below = rest[quoted[0] :]
    own = _signed_off([line for line in below if not line.startswith(">")])
    return any(line.strip() for line in own)


def _signed_off(lines: list[str]) -> list[str]:
    for number, line in enumerate(lines):
        if line in ("--", "-- ") or _MOBILE.fullmatch(line.strip()):
            return lines[:number]
    return lines


# -- thanks --------------------------------------------------------------------------------------

SHORT = 200
_THANKS = re.compile(
    r"\b(?:danke\w*|dank|dankeschön|merci|thanks?|thank you|thx|perfekt|perfect|super|prima|klasse|"
    r"läuft|geht wieder|funktioniert|works|great|teşekkürler|gracias)\b",
    re.IGNORECASE,
)
_BUT = re.compile(
    r"\b(?:nicht|kein\w*|aber|leider|trotzdem|jedoch|nur|noch|wieder nicht|immer|erneut|außerdem|"
    r"zusätzlich|bitte|not|no|but|however|still|again|unfortunately|also|please|isn't|doesn't|"
    r"don't|can't|cannot|fehler|error|problem)\b",
    re.IGNORECASE,
)


def only_thanks(text: str) -> bool:
    """Whether a text says 'thank you' and nothing that somebody would have to do: short, with a
    word of thanks, no question, and no word such as 'but', 'not', 'still' or 'please'."""
    said_ = text.strip()
    return (
        0 < len(said_) <= SHORT
        and "?" not in said_
        and bool(_THANKS.search(said_))
        and not _BUT.search(said_)
    )


# -- subjects ------------------------------------------------------------------------------------

_PREFIX = re.compile(
    r"\s*(?:(?:re|aw|antw|antwort|sv|vs|fw|fwd|wg|wtr|rif|tr|ynt|odp|r)\s*(?:\[\d+\]|\(\d+\)|\d{1,2})?"
    r"\s*[::]|\[(?:ext|extern|external|spam\??)\]|(?:automatische antwort|automatic reply|"
    r"abwesenheitsnotiz|out of office|undeliverable|unzustellbar)\s*:)\s*",
    re.IGNORECASE,
)
_TOKEN = re.compile(r"\[#\d{1,18}(?:\.\w{1,40})?\]")


def topic(subject: str) -> str:
    """A subject to compare: without 'Re:', 'AW:', tokens, and differences of letters' size."""
    found = _TOKEN.sub(" ", subject[:300])
    while match := _PREFIX.match(found):
        found = found[match.end() :]
    return " ".join(found.split()).casefold()


def subject_of(subject: str) -> str:
    """The same for people, as a title."""
    found = _TOKEN.sub(" ", subject[:300])
    while match := _PREFIX.match(found):
        found = found[match.end() :]
    return " ".join(found.split())
