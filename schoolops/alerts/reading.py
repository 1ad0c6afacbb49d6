"""Rules as people write them: YAML, checked word by word.

Shipped rules lie beside this module; those of the city in `alerts/*.yaml` of the home folder. A
rule of the city with the id of a shipped one takes its place; `enabled: false` turns it off. Each
file counts for itself: a wrong one keeps no other out of force.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from inventory.choices import NETWORK_KINDS
from inventory.expression import (
    NUMBER,
    TEXT,
    TRUTH,
    Expression,
    ExpressionError,
    compile_expression,
)
from inventory.sentences import Sentence, as_sentence, did_you_mean, say
from schoolops.core import resources
from schoolops.core.errors import Invalid
from schoolops.telemetry.metrics import COUNTER, METRICS, STATE, TABLES_OF

SEVERITIES = ("info", "warning", "critical")
"""Least first."""
SUBJECTS = ("school", "uplink", "device", "room", "agent")
LANGUAGES = ("en", "de")
LARGEST = 256 * 1024
MOST_RULES = 500

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_DURATION = re.compile(r"(\d{1,6})([smhd])")
_ID = re.compile(r"[a-z][a-z0-9-]{1,39}")
_PLACE = re.compile(r"\{(\w*)\}")
_KEYS = frozenset({
    "id", "about", "kinds", "outage", "when", "until", "for", "until_for", "hours", "severity",
    "text", "enabled",
})  # fmt: skip


def _measured(kind: str) -> dict[str, str]:
    return {
        metric.name: TRUTH if metric.kind == STATE else NUMBER
        for metric in METRICS[TABLES_OF[kind]]
        if metric.kind != COUNTER
    }


FACTS: Mapping[str, Mapping[str, str]] = {
    "school": {"missed": NUMBER, "silent_s": NUMBER, "agents": NUMBER},
    "uplink": _measured("uplink")
    | {"contract_down_bps": NUMBER, "contract_up_bps": NUMBER, "provider": TEXT, "medium": TEXT},
    "device": _measured("device") | {"kind": TEXT, "vendor": TEXT, "model": TEXT},
    "room": {"points": NUMBER, "points_down": NUMBER, "kind": TEXT},
    "agent": _measured("agent"),
}
"""About → the facts that a rule may ask for. `missed`: how many intervals ago the school's agents
reported last. `points`: the access points of a room that are read."""


@dataclass(frozen=True, slots=True)
class Spans:
    """A duration in seconds, in lesson time and otherwise."""

    lessons: int
    otherwise: int

    def at(self, lessons: bool) -> int:
        return self.lessons if lessons else self.otherwise


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. `outage`: the subject does not work at all, so that what hangs on it is silent.

    `when` begins, `until` ends (None: as soon as `when` does not hold); `holds` and `clears`: for
    how long each must have been so. `hours`: 'always', or 'lessons' for beginning in lesson time
    alone. `severity` and `text`: by lesson time and by language.
    """

    id: str
    about: str
    kinds: frozenset[str]
    outage: bool
    when: Expression
    until: Expression | None
    holds: Spans
    clears: Spans
    hours: str
    severity_lessons: str
    severity_otherwise: str
    text: Mapping[str, str]
    source: str
    line: int = 0

    def severity(self, lessons: bool) -> str:
        return self.severity_lessons if lessons else self.severity_otherwise


class RulesError(Invalid):
    """A rule that cannot be used: where it is and what is wrong."""

    code = "alerts.rules"


def shipped() -> list[Rule]:
    """The rules that come with schoolops."""
    folder = resources.folder("schoolops/alerts/rules")
    paths = sorted(folder.glob("*.yaml"))
    return [r for path in paths for r in read(path.read_text(encoding="utf-8"), path.name)]


def city_folder(home: Path) -> Path:
    return home / "alerts"


class OwnFile(NamedTuple):
    """What a file of the city says: its rules, and the ids of those that it turns off."""

    rules: tuple[Rule, ...]
    off: frozenset[str]


class Loaded(NamedTuple):
    """`rules`: id → the rules that count. `files`: the city's own that are right, by name.
    `problems`: what is wrong with the others."""

    rules: dict[str, Rule]
    files: dict[str, OwnFile]
    problems: list[Sentence]


def load(home: Path, before: Mapping[str, OwnFile] | None = None) -> Loaded:
    """The rules that count: the city's own before those that are shipped. A file that is wrong
    counts as it did `before`."""
    found = Loaded({rule.id: rule for rule in shipped()}, {}, [])
    own: dict[str, Rule] = {}
    for path in sorted(city_folder(home).glob("*.yaml")):
        try:
            file = _read_file(path, own)
        except RulesError as error:
            found.problems.append(as_sentence(error))
            last = (before or {}).get(path.name, OwnFile((), frozenset()))
            file = last._replace(rules=tuple(r for r in last.rules if r.id not in own))
        found.files[path.name] = file
        own |= {rule.id: rule for rule in file.rules}
    found.rules.update(own)
    for file in found.files.values():
        for name in file.off:
            found.rules.pop(name, None)
    return found


def _read_file(path: Path, taken: Mapping[str, Rule]) -> OwnFile:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise _refuse(path.name, say("cannot be read: {reason}", reason=error)) from None
    off: set[str] = set()
    rules = read(text, path.name, off)
    for rule in rules:
        if rule.id in taken:
            problem = say("{file} has a rule of this name already", file=taken[rule.id].source)
            raise _refuse(path.name, problem, rule.line, rule.id)
    return OwnFile(tuple(rules), frozenset(off))


def read(text: str, source: str, off: set[str] | None = None) -> list[Rule]:
    """The rules of one file; the ids of those that are turned off go into `off`."""
    if len(text) > LARGEST:
        raise _refuse(source, say("is larger than {count} kB", count=LARGEST // 1024))
    try:
        loader = _Loader(text)  # a SafeLoader
        node = loader.get_single_node()
        data = None if node is None else loader.construct_document(node)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or str(error)
        raise _refuse(source, problem, mark.line + 1 if mark else 1) from None
    except (RecursionError, ValueError):
        raise _refuse(source, say("it is no YAML")) from None
    if node is None or data is None:
        return []
    if not isinstance(data, list):
        raise _refuse(source, say("rules are a list; each begins with '- id: '"))
    if len(data) > MOST_RULES:
        raise _refuse(source, say("there are more than {count} rules", count=MOST_RULES))
    found, seen = [], set()
    for item, place in zip(data, node.value, strict=True):
        rule = _rule(item, _lines(place), source, off)
        name = str(item["id"])
        if name in seen:
            problem = say("there are two rules of this name")
            raise _refuse(source, problem, place.start_mark.line + 1, name)
        seen.add(name)
        if rule is not None:
            found.append(rule)
    return found


def _lines(node: Any, prefix: str = "") -> dict[str, int]:
    """Word → its line, from 1; '' the first; 'text.de' a word within another."""
    found = {prefix: node.start_mark.line + 1}
    if isinstance(node, yaml.MappingNode) and prefix.count(".") < 2:
        for key, value in node.value:
            name = f"{prefix}.{key.value}".lstrip(".")
            found |= _lines(value, name) | {name: key.start_mark.line + 1}
    return found


class _Loader(yaml.SafeLoader):
    """Refuses a word that stands twice, and aliases: a small file must not become a large one."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("aliases (*name) are not known here")
        return super().compose_node(parent, index)

    def construct_mapping(self, node: Any, deep: bool = False) -> Any:
        keys = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
        for key in keys:
            if keys.count(key) > 1:
                raise yaml.MarkedYAMLError(
                    problem=f"{key!r} stands twice", problem_mark=node.start_mark
                )
        return super().construct_mapping(node, deep)


def _refuse(source: str, problem: str, line: int = 0, rule: str = "") -> RulesError:
    place: dict[str, Any] = {"file": source, "line": line, "rule": rule, "problem": problem}
    if rule:
        return RulesError(say("{file}, line {line}, rule {rule}: {problem}", **place))
    if line:
        return RulesError(say("{file}, line {line}: {problem}", **place))
    return RulesError(say("{file}: {problem}", **place))


class _Wrong(Exception):
    """`at`: the word that is wrong, such as 'text.de'."""

    def __init__(self, problem: Sentence, at: str = "") -> None:
        super().__init__(problem)
        self.problem, self.at = problem, at


def _rule(item: Any, lines: Mapping[str, int], source: str, off: set[str] | None) -> Rule | None:
    name = str(item.get("id", "")) if isinstance(item, dict) else ""
    try:
        if not isinstance(item, dict):
            raise _Wrong(say("rules are a list; each begins with '- id: '"))
        if not _ID.fullmatch(name):
            raise _Wrong(say("'id' is a name such as line-lossy"), "id")
        _known(item, _KEYS)
        if item.get("enabled") is False:
            if off is None:
                raise _Wrong(
                    say("'enabled: false' belongs into a file of the city's own"), "enabled"
                )
            off.add(name)
            return None
        return _build(name, item, source, lines[""])
    except _Wrong as wrong:
        line = lines.get(wrong.at) or lines.get(wrong.at.partition(".")[0]) or lines[""]
        raise _refuse(source, wrong.problem, line, name or "?") from None


def _known(item: Mapping[Any, Any], keys: Iterable[str]) -> None:
    for key in item:
        if key not in keys:
            problem = say("there is no {name!r} here", name=str(key))
            raise _Wrong(did_you_mean(problem, get_close_matches(str(key), keys)), str(key))


def _build(name: str, item: Mapping[str, Any], source: str, line: int) -> Rule:
    about = item.get("about")
    if about not in SUBJECTS:
        raise _Wrong(say("'about' is one of {known}", known=", ".join(SUBJECTS)), "about")
    kinds = item.get("kinds", [])
    if not isinstance(kinds, list) or not set(map(str, kinds)) <= NETWORK_KINDS:
        known = ", ".join(sorted(NETWORK_KINDS))
        raise _Wrong(say("'kinds' is a list of {known}", known=known), "kinds")
    if kinds and about != "device":
        raise _Wrong(say("'kinds' goes with 'about: device' alone"), "kinds")
    outage = item.get("outage", False)
    if not isinstance(outage, bool):
        raise _Wrong(say("'outage' is true or false"), "outage")
    hours = item.get("hours", "always")
    if hours not in ("always", "lessons"):
        raise _Wrong(say("'hours' is 'always' or 'lessons'"), "hours")
    facts = FACTS[about]
    lessons, otherwise = _two(item.get("severity", "warning"), "severity", _severity)
    text = _text(item.get("text"), facts)
    return Rule(
        id=name,
        about=about,
        kinds=frozenset(map(str, kinds)),
        outage=outage,
        when=_expression(item, "when", facts),
        until=_expression(item, "until", facts) if "until" in item else None,
        holds=Spans(*_two(item.get("for", 0), "for", _seconds)),
        clears=Spans(*_two(item.get("until_for", 0), "until_for", _seconds)),
        hours=hours,
        severity_lessons=lessons,
        severity_otherwise=otherwise,
        text=text,
        source=source,
        line=line,
    )


def _expression(item: Mapping[str, Any], key: str, facts: Mapping[str, str]) -> Expression:
    text = item.get(key)
    if not isinstance(text, str):
        raise _Wrong(say("{key!r} is a condition such as loss_percent >= 5", key=key), key)
    try:
        return compile_expression(text, facts)
    except ExpressionError as error:
        raise _Wrong(say("{key!r}: {problem}", key=key, problem=error.args[0]), key) from None


def _two(value: Any, key: str, read_one: Any) -> tuple[Any, Any]:
    """(in lesson time, otherwise) of a value, or of a mapping with both."""
    if isinstance(value, dict):
        if set(value) != {"lessons", "otherwise"}:
            raise _Wrong(say("{key!r} has 'lessons' and 'otherwise', or one value", key=key), key)
        return read_one(value["lessons"], key), read_one(value["otherwise"], key)
    one = read_one(value, key)
    return one, one


def _severity(value: Any, key: str) -> str:
    if value not in SEVERITIES:
        raise _Wrong(say("{key!r} is one of {known}", key=key, known=", ".join(SEVERITIES)), key)
    return str(value)


def _seconds(value: Any, key: str) -> int:
    if value == 0 and not isinstance(value, bool):
        return 0
    found = _DURATION.fullmatch(value) if isinstance(value, str) else None
    if found is None or int(found[1]) * _UNITS[found[2]] > 30 * 86_400:
        raise _Wrong(say("{key!r} is a time such as 90s, 5m or 2h, at most 30d", key=key), key)
    return int(found[1]) * _UNITS[found[2]]


def _text(value: Any, facts: Mapping[str, str]) -> dict[str, str]:
    """One sentence for both languages, or one in each."""
    if isinstance(value, str):
        value = dict.fromkeys(LANGUAGES, value)
    if not isinstance(value, dict) or set(value) != set(LANGUAGES):
        raise _Wrong(say("'text' has a sentence under 'en' and 'de'"), "text")
    for language, sentence in value.items():
        at = f"text.{language}"
        if not isinstance(sentence, str) or not 0 < len(sentence) <= 200:
            raise _Wrong(say("a sentence of 'text' has 1 to 200 characters"), at)
        for place in _PLACE.findall(sentence):
            if place != "name" and place not in facts:
                problem = say("there is no {name!r} to ask for", name=place)
                raise _Wrong(did_you_mean(problem, get_close_matches(place, facts)), at)
    return {language: value[language] for language in LANGUAGES}


def told(rule: Rule, name: str, facts: Mapping[str, Any], language: str) -> str:
    """The rule's sentence about a subject, with its facts as people write them."""

    def value(place: re.Match[str]) -> str:
        if place[1] == "name":
            return name
        found = facts.get(place[1])
        if found is None:
            return "?"
        if isinstance(found, float):
            text = f"{found:.0f}" if abs(found) >= 10 else f"{found:.1f}".removesuffix(".0")
            return text.replace(".", ",") if language == "de" else text
        return str(found)

    return _PLACE.sub(value, rule.text[language])
