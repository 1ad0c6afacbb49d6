"""The German catalogue holds every text of the screens and of the inventory."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from inventory.choices import AUDIT_ACTIONS
from inventory.kinds import AUDIT
from inventory.sentences import say
from tui import cells, i18n, messages
from tui.reasons import reason
from tui.said import said


def test_no_text_lacks_a_german_one() -> None:
    assert messages.missing("de") == []


def test_placeholders_are_the_same_in_german() -> None:
    plurals = messages.from_code()
    for id, texts in messages.catalogue("de").items():
        known = set(re.findall(r"{(\w+)(?:!r)?}", id + (plurals.get(id) or "")))
        assert set(re.findall(r"{(\w+)(?:!r)?}", "".join(texts))) == known, id


def test_extraction_sees_texts_of_every_kind() -> None:
    found = messages.from_code()
    assert "Overview" in found  # N_ in a table of actions
    assert "idle" in found  # inside an f-string
    assert found["{count} record is retired."] == "{count} records are retired."
    assert "access-point" not in found
    assert "Access point" in messages.from_inventory()


def test_plural_and_unknown_texts() -> None:
    i18n.use("de")
    text = i18n.ngettext("{count} record is retired.", "{count} records are retired.", 2)
    assert text == "{count} Einträge sind stillgelegt."
    assert i18n.gettext("never heard of") == "never heard of"


def test_the_reasons_of_the_health_rules_read_german() -> None:
    i18n.use("de")
    assert (
        reason(
            "ap-1: does not answer: no answer: it is off, unreachable, or the community is wrong"
        )
        == "ap-1: antwortet nicht: keine Antwort: aus, nicht erreichbar oder falsche Community"
    )
    assert (
        reason("line main: loses 40 % of the packets; down: a, b, c and 3 more")
        == "Anschluss main: verliert 40 % der Pakete; gestört: a, b, c und 3 weitere"
    )
    assert reason("behind sw-1, which is down") == "hinter sw-1, das gestört ist"
    assert reason("read in part: the OID is odd") == "nur teilweise gelesen: the OID is odd"
    assert reason("something new\x1b[2J") == "something new [2J"
    i18n.use("en")
    assert reason("hot: 71 °C") == "hot: 71 °C"


def test_times_in_what_the_server_says_are_local() -> None:
    problem = say("{name} was here at {time}", name="anna", time="2026-11-24T07:00:00Z")
    assert said(problem) == "anna was here at 24 Nov 2026 08:00:00"
    i18n.use("de")
    assert said(problem) == "anna was here at 24.11.2026 08:00:00"


def test_every_verdict_in_the_health_code_is_known_here() -> None:
    """Sentences that stand whole in the code of the health rules."""
    from schoolops.telemetry import health, rules

    i18n.use("de")
    for module in (health, rules):
        code = Path(str(module.__file__)).read_text("utf-8")
        for text in re.findall(r'Verdict\("\w+", "([^"]+)"\)', code):
            assert reason(text) != text, text


def test_every_reason_a_health_rule_gives_is_known_here() -> None:
    """The rules are run on bad facts; what they say must come out in German."""
    from schoolops.telemetry import rules

    facts = [
        {"reachable": False}, {"temperature_c": 99.0}, {"cpu_percent": 100.0},
        {"memory_used_percent": 100.0}, {"error": "x"}, {"loss_percent": 100.0},
        {"loss_percent": 10.0}, {"connect_ms": 9e3}, {"dns_ms": 9e3}, {"test_down_bps": 1.0},
        {"disk_used_percent": 100.0}, {"dropped_rows": 5},
    ]  # fmt: skip
    i18n.use("de")
    said = set()
    for one in facts:
        said.add(rules.assess_device(one).reason)
        said.add(rules.assess_uplink(one, 10**9).reason)
        said.add(rules.assess_host(one).reason)
    said.discard("")
    assert len(said) >= 11
    assert not [text for text in said if reason(text) == text]


def test_every_deed_in_the_audit_has_a_name() -> None:
    """What is done under a word that stands in the code is named for people."""
    for path in sorted((messages.ROOT / "schoolops").rglob("*.py")):
        for word in re.findall(r'\.audit\(\s*"([^"]+)"', path.read_text("utf-8")):
            assert word in AUDIT_ACTIONS, f"{path.name}: {word}"
    i18n.use("de")
    field = AUDIT.field("action")
    assert cells.shown(field, "invite agent") == "Agent eingeladen"
    assert cells.shown(AUDIT.field("kind"), "uplink") == "Anschluss"
    assert cells.shown(field, "of tomorrow") == "of tomorrow"


SHOWN_BY = {"notify", "problem", "say", "want", "Static", "plain", "Sentence", "Option", "Confirm"}
"""What puts its first argument on the screen."""
PARTS = {"placeholder", "title", "prompt", "border_title", "border_subtitle"}
"""Arguments and attributes that stand on the screen."""


def test_no_text_goes_to_the_screen_past_the_catalogue() -> None:
    """A literal with words in it, where a person reads it, is one that nobody can translate."""

    def words(node: ast.expr | None) -> bool:
        texts = node.values if isinstance(node, ast.JoinedStr) else [node]
        return any(
            isinstance(text, ast.Constant)
            and isinstance(text.value, str)
            and re.search(r"[A-Za-z]{2,} [A-Za-z]{2,}|[A-Z][a-z]{2,}", text.value)
            for text in texts
        )

    found = []
    for path in sorted(messages.HERE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            seen: list[ast.expr | None] = []
            if isinstance(node, ast.Call):
                name = getattr(node.func, "attr", getattr(node.func, "id", ""))
                seen += node.args[:1] if name in SHOWN_BY else []
                seen += [part.value for part in node.keywords if part.arg in PARTS]
            elif isinstance(node, ast.Assign):
                targets = {getattr(target, "attr", "") for target in node.targets}
                seen += [node.value] if targets & PARTS else []
            found += [f"{path.name}:{node.lineno}" for text in seen if words(text)]
    assert found == []
