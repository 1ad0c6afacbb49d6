"""From the text of a filter to its tree."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from typing import NoReturn

from inventory.fields import Field, Type, fold
from inventory.filter.names import find_key, keys
from inventory.filter.times import TIME_FIELDS, instant_range
from inventory.filter.tree import Filter, FilterError, Match, Op, Scalar, Term, Word, pattern_parts
from inventory.kinds import Kind
from inventory.sentences import as_sentence, did_you_mean, say
from inventory.words import choices_like, find_choice, known_choices

_ORDER = {"<": Op.LT, "<=": Op.LE, ">": Op.GT, ">=": Op.GE}
_ORDERED_TYPES = frozenset({Type.INTEGER, Type.DECIMAL, Type.DATE, Type.RATE})
PATTERN_TYPES = frozenset({Type.TEXT, Type.MACS, Type.ADDRESS, Type.EMAIL, Type.REFERENCE})
"""Types whose values are text and may be given with stars."""

_KEY = re.compile(r"([^\W\d][\w\-]*):")
_SIGN = re.compile(r"[<>]=?")
_MAC_OR_IPV6 = re.compile(r"[0-9a-fA-F:.]*:[0-9a-fA-F]*:[0-9a-fA-F:.]*\*?(?=\s|$)")


@dataclass(frozen=True, slots=True)
class _Part:
    """A word or one value: as a pattern (see `pattern_parts`), and where it begins and ends."""

    pattern: str
    start: int
    end: int

    @property
    def pieces(self) -> tuple[str, ...]:
        return pattern_parts(self.pattern)

    @property
    def starred(self) -> bool:
        return len(self.pieces) > 1

    @property
    def text(self) -> str:
        return "*".join(self.pieces)


def parse(text: str, kind: Kind) -> Filter:
    """Read a filter for a kind. Raises FilterError; an empty text matches everything."""
    terms: list[Term] = []
    at = 0
    while (at := _skip_blanks(text, at)) < len(text):
        start = at
        negated = text[at] == "!"
        if negated:
            at += 1
            if at >= len(text) or text[at].isspace():
                raise FilterError("'!' wants a word or key:value right behind it", start)
        key = _KEY.match(text, at)
        name = find_key(kind, key[1]) if key else None
        if key is not None and name is not None:
            term, at = _read_match(kind.field(name), text, key.end(), negated)
            terms.append(term)
            continue
        part = _read_part(text, at, in_list=False)
        if key is not None and not _MAC_OR_IPV6.match(text, at):
            _refuse_key(kind, key[1], part)
        at = part.end
        pieces = part.pieces  # stars at the ends say nothing: a word is found inside words anyway
        word = "*".join(pieces[(not pieces[0]) : len(pieces) - (not pieces[-1])])
        if word:
            terms.append(Word(word, negated))
    return Filter(tuple(terms))


def _skip_blanks(text: str, at: int) -> int:
    while at < len(text) and text[at].isspace():
        at += 1
    return at


def _read_part(text: str, at: int, *, in_list: bool) -> _Part:
    """Read one word, or one value of a list that commas divide."""
    start = at

    def ended() -> bool:
        return at >= len(text) or text[at].isspace() or (in_list and text[at] == ",")

    if not text.startswith('"', at):
        while not ended():
            at += 1
        return _Part(text[start:at].replace("\\", "\\\\"), start, at)
    letters: list[str] = []
    at += 1
    while at < len(text) and text[at] != '"':
        letter = text[at]
        if letter == "\\" and at + 1 < len(text):
            at += 1
            letter = f"\\{text[at]}" if text[at] in "*\\" else text[at]
        elif letter == "\\":
            letter = "\\\\"
        letters.append(letter)
        at += 1
    if at >= len(text):
        raise FilterError("a quote is opened here and never closed", start)
    at += 1
    if not ended():
        raise FilterError("a blank is missing after the closing quote", at)
    return _Part("".join(letters), start, at)


def _read_match(field: Field, text: str, at: int, negated: bool) -> tuple[Match, int]:
    sign = _SIGN.match(text, at)
    if sign is not None:
        part = _read_part(text, sign.end(), in_list=False)
        return _order(field, _ORDER[sign[0]], part, negated), part.end
    parts = [_read_part(text, at, in_list=True)]
    while text.startswith(",", parts[-1].end):
        parts.append(_read_part(text, parts[-1].end + 1, in_list=True))
    end = parts[-1].end
    if len(parts) == 1 and not parts[0].text.strip():
        return Match(field.name, Op.EMPTY, (), negated), end
    parts = [part for part in parts if part.text.strip()]
    if not parts:
        raise FilterError(say("{field} wants a value beside the comma", field=field.name), at)
    if any(part.starred and not any(part.pieces) for part in parts):
        return Match(field.name, Op.ANY, (), negated), end
    return _equal(field, parts, negated), end


def _order(field: Field, op: Op, part: _Part, negated: bool) -> Match:
    if field.type not in _ORDERED_TYPES and field.name not in TIME_FIELDS:
        raise FilterError(
            say(
                "{field} has no order: {sign} works on numbers, rates, dates and times. "
                "Write {field}:value, and quote a value that begins with {letter}",
                field=field.name,
                sign=op.value,
                letter=op.value[0],
            ),
            part.start - len(op.value),
            len(op.value),
        )
    values = _values(field, part)
    if not values:
        raise FilterError(
            say("{field}:{sign} wants a value", field=field.name, sign=op.value), part.start
        )
    return Match(field.name, op, values, negated)


def _equal(field: Field, parts: list[_Part], negated: bool) -> Match:
    patterns_fit = field.type in PATTERN_TYPES and field.name not in TIME_FIELDS
    if patterns_fit and any(part.starred for part in parts):
        patterns = [_pattern(field, part) for part in parts]
        return Match(field.name, Op.LIKE, tuple(dict.fromkeys(patterns)), negated)
    values = [value for part in parts for value in _values(field, part)]
    return Match(field.name, Op.EQ, tuple(dict.fromkeys(values)), negated)


def _values(field: Field, part: _Part) -> tuple[Scalar, ...]:
    """The stored values a part means; several where it names several MACs or fits choices."""
    try:
        if field.name in TIME_FIELDS and part.text.strip():
            instant_range(part.text)
            return (part.text.strip(),)
        if field.type is Type.CHOICE:
            return _choices(field, part)
        value = field.read(part.text) if part.text.strip() else None
    except ValueError as error:
        raise FilterError(as_sentence(error), part.start, part.end - part.start) from None
    if isinstance(value, tuple):
        return value
    return () if value is None else (value,)


def _choices(field: Field, part: _Part) -> tuple[str, ...]:
    found = find_choice(field, part.text)
    if found is not None:
        return (found,)
    fitting = choices_like(field, part.pieces) if part.starred else ()
    if fitting:
        return fitting
    close = difflib.get_close_matches(fold(part.text), field.choices, 2)
    problem = say(
        "{field} wants one of {known}, not {text!r}",
        field=field.name,
        known=known_choices(field),
        text=part.text,
    )
    raise ValueError(did_you_mean(problem, close))


def _pattern(field: Field, part: _Part) -> str:
    """The pattern of a value; parts of a MAC address are brought to the stored notation."""
    digits = re.sub(r"[:\-.]", "", fold(part.pattern))
    form = re.fullmatch(r"(\*?)([0-9a-f]+)(\*?)", digits)
    if field.type is not Type.MACS or form is None:
        return part.pattern
    body = form[2]
    # Pairs are counted from the end that is fixed: '*e:ff' ends with a whole pair.
    odd = len(body) % 2 if form[1] and not form[3] else 0
    pairs = [body[:odd]] * odd + [body[i : i + 2] for i in range(odd, len(body), 2)]
    return f"{form[1]}{':'.join(pairs)}{form[3]}"


def _refuse_key(kind: Kind, key: str, part: _Part) -> NoReturn:
    names = keys(kind)
    close = difflib.get_close_matches(fold(key).replace("-", "_"), names, 3, 0.4)
    problem = say("{kinds} have no key {key!r}", kinds=say(kind.label_plural), key=key)
    raise FilterError(
        say(
            "{problem}. 'schoolops ls {list} --fields' names all. To search for the text itself, "
            "quote it: {text}",
            problem=did_you_mean(problem, [f"{name}:" for name in close]),
            list=kind.plural,
            text=f'"{part.text}"',
        ),
        part.start,
        len(key),
    )
