"""Rules as people write them: the shipped ones, the city's own, and wrong ones."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schoolops.alerts.reading import RulesError, load, read, shipped, told
from schoolops.cli._checks import check_rules

GOOD = """
- id: my-rule
  about: uplink
  when: loss_percent >= 5
  until: loss_percent < 2
  for: {lessons: 90s, otherwise: 1h}
  severity: {lessons: critical, otherwise: info}
  hours: lessons
  text: {en: "{name} loses {loss_percent} %", de: "{name} verliert {loss_percent} %"}
"""


def changed(old: str, new: str) -> str:
    assert old in GOOD
    return GOOD.replace(old, new)


def test_a_rule_is_read_with_all_it_says() -> None:
    (rule,) = read(GOOD, "own.yaml")
    assert (rule.id, rule.about, rule.hours, rule.outage) == ("my-rule", "uplink", "lessons", False)
    assert (rule.holds.at(True), rule.holds.at(False)) == (90, 3600)
    assert (rule.severity(True), rule.severity(False)) == ("critical", "info")
    assert told(rule, "line1", {"loss_percent": 7.25}, "en") == "line1 loses 7.2 %"
    assert told(rule, "line1", {"loss_percent": 7.25}, "de") == "line1 verliert 7,2 %"
    assert told(rule, "line1", {}, "en") == "line1 loses ? %"


def test_the_shipped_rules_are_right_and_speak_two_languages() -> None:
    rules = shipped()
    assert len(rules) > 10
    assert all(rule.text["en"] != rule.text["de"] for rule in rules)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (changed("about: uplink", "about: line"), "'about' is one of school, uplink"),
        (changed("loss_percent >= 5", "loss_percnt >= 5"), "(did you mean loss_percent?)"),
        (changed("loss_percent < 2", "loss_percent <"), "'until': something is missing at its end"),
        (changed("90s", "90"), "'for' is a time such as 90s, 5m or 2h"),
        (changed("otherwise: 1h", "else: 1h"), "'for' has 'lessons' and 'otherwise'"),
        (changed("critical", "fatal"), "'severity' is one of info, warning, critical"),
        (changed("hours: lessons", "hours: night"), "'hours' is 'always' or 'lessons'"),
        (changed("hours: lessons", "hour: lessons"), "no 'hour' here (did you mean hours?)"),
        (changed('{loss_percent} %", de', '{los} %", de'), "there is no 'los' to ask for"),
        (changed("id: my-rule", "id: My Rule"), "'id' is a name such as line-lossy"),
        (changed("hours: lessons", "kinds: [switch]"), "'kinds' goes with 'about: device'"),
        (changed("hours: lessons", "kinds: [ipad]"), "'kinds' is a list of access-point"),
        (changed("hours: lessons", "outage: maybe"), "'outage' is true or false"),
        (changed("hours: lessons", "enabled: false"), "'enabled: false' belongs into a file"),
        (changed("hours: lessons", "hours: lessons\n  hours: always"), "'hours' stands twice"),
        (changed("until: loss_percent < 2", "until: 5"), "'until' is a condition such as"),
        ("id: x", "rules are a list"),
        ("- x", "rules are a list"),
        (changed("loss_percent >= 5", "loss_percent >= * 5"), "cannot be read at character 17"),
        (changed("loss_percent >= 5", "(loss_percent >= 5"), "cannot be read at character 1"),
        (changed(', de: "{name} verliert {loss_percent} %"', ""), "under 'en' and 'de'"),
        (GOOD + GOOD, "own.yaml, line 11, rule my-rule: there are two rules of this name"),
        (GOOD + "- {id: my-rule, enabled: false}", "there are two rules of this name"),
        (GOOD + "\n\n- what", "own.yaml, line 12, rule ?: rules are a list"),
        ("- id: [", "own.yaml, line 1"),
        ("- &a {id: x}\n- *a", "aliases"),
        ("- !!python/object/apply:os.system ['true']", "own.yaml, line 1"),
        ("\0", "own.yaml, line 1"),
    ],
)
def test_a_wrong_rule_is_refused_with_its_file_and_what_is_wrong(text: str, said: str) -> None:
    with pytest.raises(RulesError) as refused:
        read(text, "own.yaml", set() if "- {id: my-rule" in text else None)
    assert said in str(refused.value)
    assert str(refused.value).startswith("own.yaml")


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("about: uplink", "about: line", 3),
        ("loss_percent < 2", "loss_percent <", 5),
        ("lessons: 90s", "lessons: 90", 6),
        ("hours: lessons", "hour: lessons", 8),
        (', de: "{name}', ',\n    de: "{nane}', 10),
    ],
)
def test_the_line_is_that_of_the_wrong_word(old: str, new: str, line: int) -> None:
    with pytest.raises(RulesError, match=rf"^own.yaml, line {line}, rule my-rule: "):
        read(changed(old, new), "own.yaml")


def test_a_rule_of_the_city_takes_the_place_of_a_shipped_one_or_turns_it_off(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "alerts"
    folder.mkdir()
    (folder / "ours.yaml").write_text(
        GOOD.replace("my-rule", "uplink-lossy") + "- {id: device-hot, enabled: false}\n"
    )
    rules = load(tmp_path).rules
    assert rules["uplink-lossy"].source == "ours.yaml"
    assert "device-hot" not in rules
    assert "uplink-down" in rules


def test_a_name_that_another_file_has_already_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "alerts"
    folder.mkdir()
    (folder / "a.yaml").write_text(GOOD)
    (folder / "b.yaml").write_text(GOOD)
    found = load(tmp_path)
    assert found.problems == [
        "b.yaml, line 2, rule my-rule: a.yaml has a rule of this name already"
    ]
    assert found.rules["my-rule"].source == "a.yaml"


def test_a_wrong_file_keeps_no_other_out_of_force_and_counts_as_before(tmp_path: Path) -> None:
    folder = tmp_path / "alerts"
    folder.mkdir()
    (folder / "a.yaml").write_text(GOOD)
    (folder / "b.yaml").write_text(GOOD.replace("my-rule", "other-rule"))
    good = load(tmp_path)
    (folder / "a.yaml").write_text(changed("about: uplink", "about: line"))
    anew = load(tmp_path)
    assert "my-rule" not in anew.rules
    assert "other-rule" in anew.rules
    later = load(tmp_path, good.files)
    assert {"my-rule", "other-rule"} <= set(later.rules)
    assert len(later.problems) == 1
    assert {"my-rule", "other-rule"} <= set(load(tmp_path, later.files).rules)


def test_the_doctor_names_a_wrong_file(tmp_path: Path) -> None:
    (tmp_path / "alerts").mkdir()
    own = tmp_path / "alerts" / "own.yaml"
    own.write_text(GOOD)
    state, told = check_rules(tmp_path)
    assert (state, told.endswith("1 of them of the city")) == ("ok", True)
    own.write_text("- x")
    state, told = check_rules(tmp_path)
    assert state == "warn"
    assert "own.yaml, line 1, rule ?: rules are a list" in told


@given(st.text(max_size=120))
def test_any_text_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(RulesError):
        read(text, "own.yaml", set())
