"""The texts of notices: `templates/mail/<notice>.<language>.txt`, framed by the city's letterhead.

A template's first line is the subject, then comes the text. The HTML alternative is made from the
same text, framed by `mail/letterhead.html`, so that both say the same. A file of the city's own
stands before the shipped one (`schoolops.web.templates`); a broken one is left out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from markupsafe import Markup, escape

from schoolops.core.permissions import PERMISSIONS
from schoolops.core.settings import Settings
from schoolops.web.languages import Language, Languages
from schoolops.web.templates import LIVE, Templates

Values = Mapping[str, Any]

NOTICES: dict[str, Values] = {}
"""Notice → invented values to fill it with, for the preview."""

LANGUAGES = ("de", "en")
"""Each notice has a text in each."""

_SIGNATURE = "\n-- \n"
_ITEM = re.compile(r"[-•*] +")


def register(name: str, sample: Values) -> str:
    """Describe a notice; its texts must be there. Times in values are UTC microseconds."""
    NOTICES[name] = sample
    return name


TEST = register("test", {})


@dataclass(frozen=True, slots=True)
class Text:
    """A notice filled in."""

    subject: str
    plain: str
    html: str
    language: str


class Texts:
    """Fills notices in. Thread safe."""

    def __init__(self, settings: Settings, templates: Templates | None = None) -> None:
        """`templates`: those to use in place of the ones that count, such as drafts."""
        self.settings = settings
        self.templates = templates or Templates(settings.home)
        self.languages = Languages(settings.home / LIVE / "locale")
        self._zone = ZoneInfo(settings.timezone)

    def fill(self, notice: str, tag: str, values: Values) -> Text:
        """The notice in a language, or German where it has no text in that one."""
        tag = tag.partition("-")[0]
        language = self.languages[tag if tag in LANGUAGES else "de"]
        name = f"mail/{notice}.{language.tag}.txt"
        said = self.templates.render(name, language, {**self._frame(language), **values})
        subject, _, rest = said.lstrip().partition("\n")
        content = rest.rpartition(_SIGNATURE)[0] or rest
        html = self.templates.render(
            "mail/letterhead.html",
            language,
            {
                **self._frame(language),
                "subject": one_line(subject),
                "body": to_html(content, self._url),
            },
        )
        return Text(one_line(subject), _tidy(rest), html.strip() + "\n", language.tag)

    def problems(self) -> dict[str, str]:
        """Template → what is wrong with the city's own, after filling in every notice."""
        for notice, sample in NOTICES.items():
            for tag in LANGUAGES:
                self.fill(notice, tag, sample)
        return dict(self.templates.problems)

    @property
    def _url(self) -> str:
        return self.settings.server.public_url.rstrip("/")

    def _frame(self, language: Language) -> dict[str, Any]:
        """What every template has."""

        def right(name: str) -> str:
            known = PERMISSIONS.get(name)
            return language.gettext(known.label) if known else name

        return {
            "portal": self.settings.portal,
            "portal_name": self.settings.portal.name or self.settings.city,
            "city": self.settings.city,
            "url": self._url,
            "language": language,
            "right": right,
            "time": lambda micros: language.time(micros, self._zone, "short"),
        }


def one_line(text: str) -> str:
    """Text for a header: one line, without anything that a header cannot hold."""
    printable = "".join(c if c.isprintable() else " " for c in text)
    return " ".join(printable.split())[:200]


def to_html(content: str, url: str) -> Markup:
    """Paragraphs, lists (lines that begin with '- ') and lines of a text as HTML."""
    blocks = []
    for block in re.split(r"\n\s*\n", _tidy(content).strip()):
        lines = [line.strip() for line in block.split("\n") if line.strip()]
        if lines and all(_ITEM.match(line) for line in lines):
            items = (Markup("<li>{}</li>").format(_linked(_ITEM.sub("", x, 1), url)) for x in lines)
            blocks.append(Markup("<ul>{}</ul>").format(Markup("").join(items)))
        elif lines:
            joined = Markup("<br>\n").join(_linked(line, url) for line in lines)
            blocks.append(Markup("<p>{}</p>").format(joined))
    return Markup("\n").join(blocks)


def _linked(line: str, url: str) -> Markup:
    """A line whose own address is a link; an address that somebody wrote into a reason is none."""
    if not url or url not in line:
        return escape(line)
    # The address, or that of one of its pages: every second part is one.
    parts = re.split(f"({re.escape(url)}(?:/[a-z]+)?)", line)
    link = Markup('<a href="{0}">{0}</a>')
    return Markup("").join(link.format(p) if n % 2 else escape(p) for n, p in enumerate(parts))


def _tidy(text: str) -> str:
    """Without control characters, blank line upon blank line, and blanks at the ends of lines.

    The blank of '-- ' stays: mail programs know the signature by it.
    """
    clean = "".join(c if c.isprintable() or c == "\n" else " " for c in text)
    lines = [line if line == "-- " else line.rstrip() for line in clean.split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip("\n") + "\n"
