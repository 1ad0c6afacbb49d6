"""The filter grammar: what is understood, what is refused and how, and what fits."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory.fields import Type, Value, fold
from inventory.filter import (
    Filter,
    FilterError,
    Match,
    Op,
    Word,
    complete,
    instant_range,
    keys,
    matches,
    parse,
    pattern_parts,
    to_text,
    token_start,
)
from inventory.kinds import AGENT, AUDIT, DEVICE, KINDS, ROOM, SCHOOL, UPLINK

IPAD: dict[str, Value] = {
    "kind": "ipad", "name": "iPad 12", "serial": "DMPX1234", "model": "iPad Air (5. Gen.)",
    "school": "164800", "room": "164800/2.14", "owner": "Meier, Hans", "notes": "5 * 4",
    "macs": ("52:54:00:ab:cd:ef", "52:54:00:ab:cd:f0"), "address": "10.20.3.4",
    "health": "down", "since": "2026-11-01T22:30:00Z", "warranty_until": "2026-12-31",
    "retired": False,
    "search_text": fold("DMPX1234 iPad 12 Größe 52:54:00:ab:cd:ef 52:54:00:ab:cd:f0 10.20.3.4"),
}  # fmt: skip


def fits(text: str, values: dict[str, Value] = IPAD) -> bool:
    return matches(parse(text, DEVICE), DEVICE, values)


@pytest.mark.parametrize(
    "text",
    [
        "", "dmpx", "DMPX1234 12", "größe", "GROESSE", '"ipad 12"', "dmp*", "!aruba",
        "525400ABCDEF", "5254.00ab.cdef", "52-54-00-AB", "52:54:00", "10.20.3",
        "kind:ipad", "kind:iPads", "kind:Tablet", "kind:i*", "kind:pc,ipad", "!kind:pc",
        "model:*air*", "model:ipad*", "model:*GEN.)", 'model:"ipad air*"',
        'model:"iPad Air (5. Gen.)"', 'owner:"Meier, Hans"', "!owner:meier", "owner:*hans",
        "serial:dmpx1234", "sn:DMPX1234", "seriennummer:dmpx*", "Seriennummer:dmpx*",
        "mac:52-54-00-ab-cd-f0", "mac:525400*", "mac:*cd:ef", "mac:*abcd*", "ip:10.20.*",
        "room:2.14", "room:164800/2.14", "room:164800/*", "room:2.*", "!room:2.15",
        "asset_tag:", 'asset-tag:""', "tag:", "!tag:*", "room:*", "!room:", "!tag:x",
        "health:down,warning", "health:ausgefallen", "!health:ok", "retired:no", "retired:nein",
        "warranty:<2027-01-01", "warranty_until:<=31.12.2026", "warranty:>2026-12-30",
        "warranty:2026-12-31", "since:>2026-10-31", "since:2026-11-01", "since:<2026-11-02",
        "since:<=2026-11-01", "since:>=2026-11-01", "since:>2026-11-01T22:29:59Z",
        "since:2026-11-01T23:30", r'notes:"5 \* 4"', "notes:*", "kind:ipad health:down dmpx",
    ],
)  # fmt: skip
def test_a_filter_finds_the_ipad(text: str) -> None:
    assert fits(text)


@pytest.mark.parametrize(
    "text",
    [
        "aruba", "!dmpx", '"12 ipad"', "kind:pc", "!kind:ipad", "kind:pc,notebook", "model:ipad",
        "model:air*", "owner:", "!owner:*", "room:2.1", "room:2.140", "room:164801/2.14",
        "room:800/2.14", "tag:*", "!tag:", "tag:x", "mac:52:54:00:ab:cd:00", "mac:*54:00",
        "warranty:>2026-12-31", "warranty:<2026-12-31", "bought:<2030-01-01",
        "since:>2026-11-01", "since:<2026-11-01", "since:2026-11-01T23:31", "retired:yes",
        r'notes:"5 \*"', "kind:ipad health:ok",
    ],
)  # fmt: skip
def test_a_filter_leaves_the_ipad_out(text: str) -> None:
    assert not fits(text)


def test_a_negated_term_is_the_exact_complement_even_for_empty_fields() -> None:
    empty: dict[str, Value] = {"kind": "pc", "model": None, "search_text": ""}
    for term in ("model:x", "model:x*", "warranty:<2027-01-01", "model:", "model:*", "kind:pc"):
        assert fits(term, empty) != fits(f"!{term}", empty)
    assert fits("!model:x", empty)


def test_a_day_of_local_time_has_its_own_length_and_offset() -> None:
    hour = 3_600_000_000
    begin, end = instant_range("2026-10-25")  # the clocks go back
    assert end - begin == 25 * hour
    assert instant_range("2026-07-01")[0] == instant_range("2026-06-30T22:00Z")[0]
    assert instant_range("2026-07-01T00:00:00.5")[1] - instant_range("2026-07-01")[0] == 500_001


def test_values_are_stored_values() -> None:
    tree = parse("down:>=100M up:1G,16M medium:Glas state:aktiv", UPLINK)
    assert tree == Filter((
        Match("contract_down_bps", Op.GE, (100_000_000,)),
        Match("contract_up_bps", Op.EQ, (1_000_000_000, 16_000_000)),
        Match("medium", Op.EQ, ("fibre",)),
        Match("state", Op.EQ, ("active",)),
    ))  # fmt: skip
    assert parse("form:Gymnasium pupils:>1.200 operating:closed", SCHOOL).terms == (
        Match("form", Op.EQ, ("20",)),
        Match("pupils", Op.GT, (1200,)),
        Match("operating", Op.EQ, ("closed",)),
    )


def test_form_names_with_a_star_become_all_the_keys_that_fit() -> None:
    (term,) = parse("form:förderschule*", SCHOOL).terms
    assert term == Match("form", Op.EQ, ("08", "19", "85", "87", "88"))


def test_every_field_of_every_kind_is_a_key() -> None:
    for kind in KINDS.values():
        for name in kind.by_name():
            assert parse(f"{name}:", kind) == Filter((Match(name, Op.EMPTY),))


def test_short_keys_mean_what_the_kind_has() -> None:
    assert parse("state:down", DEVICE).terms == (Match("health", Op.EQ, ("down",)),)
    assert parse("state:active", AGENT).terms == (Match("state", Op.EQ, ("active",)),)
    assert parse("mac:*", KINDS["discovered"]).terms == (Match("mac", Op.ANY),)
    assert parse("when:>2026-01-01 who:weber", AUDIT).terms == (
        Match("at", Op.GT, ("2026-01-01",)),
        Match("actor", Op.EQ, ("weber",)),
    )


def test_a_wrong_key_names_the_right_ones_and_the_place() -> None:
    with pytest.raises(FilterError) as refused:
        parse("kind:ipad serail:x", DEVICE)
    assert "did you mean serial:" in str(refused.value)
    assert "'schoolops ls devices --fields' names all" in str(refused.value)
    assert "asset_tag" not in str(refused.value)
    assert "character 11" in str(refused.value)
    assert (refused.value.position, refused.value.length) == (10, 6)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('kind:ipad "wim', "never closed"),
        ('"a"b', "blank is missing"),
        ("!", "right behind"),
        ("model:>x", "has no order"),
        ("health:>ok", "has no order"),
        ("warranty:>", "wants a value"),
        ("kind:,", "wants a value"),
        ("kind:ipod", "did you mean ipad?"),
        ("warranty:<soon", "2026-08-31"),
        ("since:>soon", "is no time"),
        ("ip:10.20", "IP address"),
        ("mac:nonsense", "no MAC address"),
        ("http://example.org", 'quote it: "http://example.org"'),
        ("retired:perhaps", "yes or no"),
    ],
)
def test_what_cannot_be_understood_is_refused_with_advice(text: str, says: str) -> None:
    with pytest.raises(FilterError, match="at character") as refused:
        parse(text, DEVICE)
    assert says in str(refused.value)


def test_addresses_with_colons_are_words() -> None:
    assert parse("aa:bb:cc:dd:ee:ff fe80::1 52:54", DEVICE).terms == (
        Word("aa:bb:cc:dd:ee:ff"), Word("fe80::1"), Word("52:54"),
    )  # fmt: skip


_TEXT = st.text(
    st.characters(exclude_categories=("Cs", "Cc")) | st.sampled_from('"\\*!:, <>='), max_size=12
)
_NEGATED = st.booleans()


def _matches() -> st.SearchStrategy[Match]:
    text = _TEXT.map(str.strip).filter(bool)
    texts = st.lists(text, min_size=1, max_size=3, unique=True).map(tuple)
    choices = st.lists(st.sampled_from(["ipad", "pc", "access-point"]), min_size=1, unique=True)
    dates = st.dates().map(lambda day: (day.isoformat(),))
    order = st.sampled_from([Op.LT, Op.LE, Op.GT, Op.GE])
    return st.one_of(
        st.builds(
            Match, st.sampled_from(["model", "room", "key"]), st.just(Op.EQ), texts, _NEGATED
        ),
        st.builds(Match, st.just("kind"), st.just(Op.EQ), choices.map(tuple), _NEGATED),
        st.builds(Match, st.sampled_from(["warranty_until", "since"]), order, dates, _NEGATED),
        st.builds(Match, st.just("room"), st.sampled_from([Op.EMPTY, Op.ANY]), negated=_NEGATED),
    )


@given(st.lists(st.builds(Word, _TEXT.filter(bool), _NEGATED) | _matches()).map(tuple))
def test_a_tree_written_as_text_reads_as_the_same_tree(terms: tuple[Word | Match, ...]) -> None:
    tree = Filter(terms)
    assert parse(to_text(tree, DEVICE), DEVICE) == tree


@given(st.sampled_from(sorted(KINDS)), _TEXT, st.sampled_from(["", "key:", "school:", "name:a,"]))
def test_any_text_is_understood_or_refused_and_what_is_understood_round_trips(
    name: str, text: str, before: str
) -> None:
    kind = KINDS[name]
    try:
        tree = parse(before + text, kind)
    except FilterError as refused:
        assert 0 <= refused.position <= len(before + text)  # noqa: PT017
        return
    assert parse(to_text(tree, kind), kind) == tree


@given(_TEXT, _TEXT)
def test_a_quoted_text_is_found_literally(text: str, stored: str) -> None:
    term = to_text(Filter((Match("model", Op.EQ, (text,)),)), DEVICE) if text.strip() else "model:"
    holds = matches(parse(term, DEVICE), DEVICE, {"model": stored})
    assert holds == (fold(stored) == fold(text.strip()))


@given(st.lists(st.text("ab*\\", max_size=3), min_size=1, max_size=4))
def test_pattern_pieces_are_what_stands_between_the_stars(pieces: list[str]) -> None:
    escaped = [piece.replace("\\", "\\\\").replace("*", "\\*") for piece in pieces]
    assert pattern_parts("*".join(escaped)) == tuple(pieces)


@pytest.mark.parametrize(
    ("text", "offers"),
    [
        ("heal", ["health:"]),
        ("!ki", ["!kind:"]),
        ("x health:", ["health:down", "health:warning", "health:unknown", "health:ok"]),
        ("health:down,w", ["health:down,warning"]),
        ("kind:acc", ["kind:access-point"]),
        ("retired:", ["retired:yes", "retired:no"]),
        ("model:ip", []),
        ("nonsense:", []),
    ],
)
def test_completion_offers_keys_then_values(text: str, offers: list[str]) -> None:
    assert complete(DEVICE, text, len(text)) == offers
    for offer in offers:
        if not offer.endswith(":"):
            parse(text[: token_start(text, len(text))] + offer, DEVICE)


def test_completion_offers_every_key_where_nothing_is_typed() -> None:
    assert complete(ROOM, "", 0) == [f"{name}:" for name in keys(ROOM)]
    assert complete(ROOM, "kind:gym ", 9)[0] == "school:"
    assert complete(ROOM, "he kind:gym", 2) == ["health:"]


def test_all_choices_of_all_kinds_can_be_typed() -> None:
    for kind in KINDS.values():
        for field in kind.by_name().values():
            if field.type is Type.CHOICE:
                for key, label in field.choices.items():
                    for word in (key, f'"{label}"'):
                        (term,) = parse(f"{field.name}:{word}", kind).terms
                        assert term == Match(field.name, Op.EQ, (key,))


def test_what_lasts_until_a_day_includes_it() -> None:
    from zoneinfo import ZoneInfo

    from inventory.filter import day_of, end_of

    berlin = ZoneInfo("Europe/Berlin")
    assert end_of("24.11.2026", berlin) == "2026-11-24T22:59:59Z"
    assert end_of("2026-07-01", berlin) == "2026-07-01T21:59:59Z"
    today = dt.datetime.now(berlin).date()
    assert day_of("today", berlin) == day_of("Heute", berlin) == today
    assert day_of("24.11.2026") == day_of("2026-11-24") == dt.date(2026, 11, 24)
    tomorrow = f"{today + dt.timedelta(days=1)}"
    assert end_of("morgen", berlin) == end_of(tomorrow, berlin)
    assert end_of("tomorrow 7:00", berlin) == end_of(f"{tomorrow}T07:00", berlin)
    assert instant_range("gestern", berlin)[1] == instant_range("today", berlin)[0]
    for text in ("soon", "", "31.2.2026"):
        with pytest.raises(ValueError, match="is no day"):
            day_of(text)
    assert end_of("2026-11-24T18:00", berlin) == "2026-11-24T17:00:00Z"
    assert end_of("24.11.2026 18:00", berlin) == "2026-11-24T17:00:00Z"
    assert end_of("1.12.2026, 7:05", berlin) == "2026-12-01T06:05:00Z"
    assert end_of("2026-11-24T18:00Z", berlin) == "2026-11-24T18:00:00Z"
    with pytest.raises(ValueError, match="is no time"):
        end_of("Friday", berlin)
