"""The languages of the pages: one folder `locale/<tag>` each, chosen by link or by the browser.

Message ids are English. A language without a translation falls back along its tag: `de-simple`
(German in plain language, a registered BCP 47 tag), `de`, English. Sentences that the API says
too (errors, import reports) are translated by the catalogues of the terminal UI. A city can
replace single messages by a `portal.po` in `templates/locale/<tag>/` of its home folder.
"""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_datetime
from babel.messages.mofile import write_mo
from babel.messages.pofile import PoFileError, read_po
from babel.support import NullTranslations, Translations

from inventory.sentences import as_sentence, fill
from schoolops.core import resources

SOURCE = "en"
"""The language of the message ids."""

_HERE = {"en": "en_GB"}
"""How dates are written here, where the language alone would mean another continent."""

_SHARED = "tui/locale"
"""Catalogues with the sentences of the API."""


@dataclass(frozen=True)
class Language:
    """One language of the pages."""

    tag: str
    translations: NullTranslations

    @property
    def name(self) -> str:
        """The language's name in itself, as the switch shows it."""
        return self.gettext("English")

    @cached_property
    def locale(self) -> Locale:
        language = self.tag.partition("-")[0]
        return Locale.parse(_HERE.get(language, language))

    @property
    def direction(self) -> str:
        """'ltr' or 'rtl', for the `dir` attribute."""
        return self.locale.text_direction

    def gettext(self, message: str) -> str:
        # The empty id is the catalogue's head.
        return self.translations.ugettext(message) if message else ""

    def ngettext(self, singular: str, plural: str, number: int) -> str:
        return self.translations.ungettext(singular, plural, number)

    def sentence(self, text: str | BaseException) -> str:
        """A sentence (`inventory.sentences`) in this language; the first letter is large."""
        found = as_sentence(text)
        said = fill(found.message, found.params, self.gettext)
        return said[:1].upper() + said[1:]

    def time(self, micros: int | None, zone: ZoneInfo, form: str = "medium") -> str:
        """UTC microseconds as a local date and time; '' for none."""
        if micros is None:
            return ""
        moment = dt.datetime.fromtimestamp(micros / 1_000_000, zone)
        return format_datetime(moment, form, locale=self.locale)


class Languages:
    """All languages there are, and the choice among them."""

    def __init__(self, own: Path | None = None) -> None:
        """`own`: the city's folder with `<tag>/portal.po`, if it has one."""
        self.problems: dict[str, str] = {}
        shipped = resources.folder("schoolops/web/locale")
        tags = sorted(path.parent.parent.name for path in shipped.glob("*/LC_MESSAGES/portal.po"))
        made = {tag: self._read(tag, shipped, own) for tag in tags}
        # German stands first: its texts bind.
        order = sorted(made, key=lambda tag: (tag.partition("-")[0] != "de", tag))
        self.by_tag: Mapping[str, Language] = {tag: Language(tag, made[tag]) for tag in order}

    def _read(self, tag: str, shipped: Path, own: Path | None) -> NullTranslations:
        merged: Translations | NullTranslations = NullTranslations()
        # From the general to the special: what is read later wins.
        chain = [tag] if "-" not in tag else [tag.partition("-")[0], tag]
        shared = resources.folder(_SHARED)
        for part in chain:
            files = sorted((shared / part / "LC_MESSAGES").glob("*.po"))
            files += [shipped / part / "LC_MESSAGES" / "portal.po"]
            files += [own / part / "portal.po"] if own else []
            for file in files:
                found = self._load(file)
                if found is None:
                    continue
                if isinstance(merged, Translations):
                    merged.merge(found)
                else:
                    merged = found
        return merged

    def _load(self, file: Path) -> Translations | None:
        if not file.exists():
            return None
        try:
            return Translations(io.BytesIO(_compiled(file.read_bytes())))
        except (PoFileError, ValueError, OSError) as error:
            self.problems[str(file)] = str(error)
            return None

    def __getitem__(self, tag: str) -> Language:
        return self.by_tag[tag]

    def choose(self, wanted: str | None, accepted: str = "") -> Language:
        """The wanted language if there is one, else the browser's, else German."""
        if wanted in self.by_tag:
            return self.by_tag[wanted or ""]
        for tag in _preferred(accepted):
            for candidate in (tag, tag.partition("-")[0]):
                if candidate in self.by_tag:
                    return self.by_tag[candidate]
        return next(iter(self.by_tag.values()))


@cache
def _compiled(text: bytes) -> bytes:
    """A catalogue as gettext reads it. It takes long, and languages share catalogues."""
    # Without a locale of its own, babel refuses plural forms that it does not know.
    catalogue = read_po(io.BytesIO(text), abort_invalid=True)
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    return compiled.getvalue()


def _preferred(accepted: str) -> list[str]:
    """'en;q=0.5, de-AT' → ['de-at', 'en']; what is wrongly written is left out."""
    found = []
    for part in accepted[:500].lower().split(","):
        tag, _, quality = part.strip().partition(";q=")
        try:
            found.append((float(quality or 1), tag))
        except ValueError:
            continue
    return [tag for weight, tag in sorted(found, key=lambda pair: -pair[0]) if weight > 0]
