"""One incident for one fault, named where it is."""

from __future__ import annotations

from sqlalchemy import select

from inventory.kinds import KINDS
from schoolops.alerts import listings as _listings  # noqa: F401  (registers its lists)
from schoolops.alerts.models import incident_event, incident_school
from schoolops.core.clock import FixedClock
from schoolops.core.permissions import Actor
from schoolops.db.engine import Store
from schoolops.estate.listing import lister
from schoolops.estate.service import Inventory
from tests.alerts.town import ADMIN, LESSON, NIGHT, Town


def events(town: Town, incident_id: int) -> list[str]:
    with town.store.read() as connection:
        c = incident_event.c
        return list(
            connection.scalars(select(c.what).where(c.incident_id == incident_id).order_by(c.id))
        )


def test_when_all_is_well_nothing_is_told(store: Store, clock: FixedClock) -> None:
    town = Town(store, clock)
    town.minutes(10)
    assert town.incidents(everything=True) == []


def test_a_switch_that_fails_is_one_incident_and_what_hangs_on_it_is_counted(
    store: Store, clock: FixedClock
) -> None:
    town = Town(store, clock)
    town.down("SW", "AP1", "AP2", "AP3")
    town.minutes(5)
    (one,) = town.incidents()
    assert (one.title, one.title_de) == ("SW does not answer", "SW antwortet nicht")
    assert (one.severity, one.devices, one.schools) == ("critical", 3, 1)
    town.up("SW", "AP1", "AP2", "AP3")
    town.minutes(3)
    assert town.incidents() == []
    assert events(town, one.id) == ["opened", "school joined", "closed"]


def test_a_pulled_cable_is_named_within_ninety_seconds(store: Store, clock: FixedClock) -> None:
    town = Town(store, clock)
    town.down("SW", "AP1", "AP2", "AP3")
    town.report()  # the poll comes within a minute; then the server has thirty seconds
    town.seconds(20)
    assert town.titles() == ["SW does not answer"]


def test_a_school_that_falls_silent_is_an_incident_with_its_line(
    store: Store, clock: FixedClock
) -> None:
    town = Town(store, clock)
    town.cut.add("164800")  # it reported a minute ago
    town.seconds(15)
    assert town.incidents() == []
    town.seconds(15)
    (one,) = town.incidents()
    assert one.title == "no report from the school: line, power or agent"
    assert (one.circuit, one.provider, one.hotline) == ("C-164800", "Telekom", "0800 1234567")
    assert one.devices == 5
    town.minutes(10)
    assert len(town.incidents(everything=True)) == 1
    town.cut.clear()
    town.minutes(2)
    assert town.incidents() == []


def test_at_night_a_short_silence_is_none(store: Store, clock: FixedClock) -> None:
    town = Town(store, clock)
    clock.value = NIGHT
    town.minutes(4)
    town.cut.add("164800")
    town.minutes(12)
    town.cut.clear()
    town.minutes(3)
    assert town.incidents(everything=True) == []
    town.cut.add("164800")
    town.minutes(17)
    (one,) = town.incidents()
    assert one.severity == "warning"


def test_a_line_that_fails_while_the_agent_still_gets_through(
    store: Store, clock: FixedClock
) -> None:
    town = Town(store, clock)
    town.say("uplink", "line1", reachable=False, loss_percent=100.0)
    town.minutes(1)
    assert town.titles() == ["line line1 is down"]
    town.say("uplink", "line1", reachable=True, loss_percent=0.0)
    town.minutes(3)
    assert town.incidents() == []


def test_a_line_behind_a_router_that_is_down_is_the_routers_incident(
    store: Store, clock: FixedClock
) -> None:
    town = Town(store, clock)
    town.down("R", "SW", "AP1", "AP2", "AP3")
    town.say("uplink", "line1", reachable=False, loss_percent=100.0)
    town.minutes(4)
    assert town.titles() == ["R does not answer"]


def test_a_room_whose_access_points_fail_is_one_incident(store: Store, clock: FixedClock) -> None:
    town = Town(store, clock)
    town.down("AP1")
    town.minutes(5)
    assert town.titles() == ["access point AP1 does not answer"]
    town.down("AP2")
    town.minutes(6)
    (one,) = town.incidents()
    assert (one.title, one.severity) == ("room 1.01 has no WLAN", "critical")
    town.up("AP1", "AP2")
    town.minutes(5)
    assert town.incidents() == []


def test_an_access_point_that_restarts_is_none(store: Store, clock: FixedClock) -> None:
    town = Town(store, clock)
    town.down("AP1")
    town.minutes(2)
    town.up("AP1")
    town.minutes(5)
    assert town.incidents(everything=True) == []


def test_a_provider_that_fails_at_twenty_schools_is_one_incident(
    store: Store, clock: FixedClock
) -> None:
    town = Town(store, clock, 24, *["Telekom"] * 10, "Vodafone", "NetCologne")
    cut = [number for n, number in enumerate(town.numbers) if n % 12 < 10]
    assert len(cut) == 20
    for position, number in enumerate(cut):
        town.cut.add(number)
        if position % 7 == 6:
            town.minutes(1)
    town.minutes(4)
    (one,) = town.incidents()
    assert one.title == "schools of provider Telekom are cut off"
    assert (one.kind, one.schools, one.devices, one.school_id) == ("provider", 20, 100, None)
    assert one.hotline == "0800 1234567"
    with store.read() as connection:
        c = incident_school.c
        joined = connection.scalars(select(c.school_id).where(c.incident_id == one.id)).all()
    assert len(joined) == 20
    town.cut.clear()
    town.minutes(3)
    assert town.incidents() == []
    assert [row.id for row in town.incidents(everything=True)] == [one.id]


def test_an_incident_of_many_schools_is_found_by_each_that_one_sees(
    store: Store, clock: FixedClock
) -> None:
    town = Town(store, clock, 24, *["Telekom"] * 10, "Vodafone", "NetCologne")
    cut = [number for n, number in enumerate(town.numbers) if n % 12 < 10]
    town.cut.update(cut)
    town.minutes(4)
    one, other, *_ = cut
    kind = KINDS["incident"]

    def count(actor: Actor, q: str) -> int:
        with store.read(actor) as connection:
            return lister(kind, connection, actor, clock.now()).count(kind, q)

    asked = (f"school:{one}", "school:999999", f"!school:{one}")
    assert [count(ADMIN, q) for q in asked] == [1, 0, 0]
    here = Actor.of("here", "teacher", schools=[one])
    assert [count(here, q) for q in ("", f"school:{one}", f"school:{other}")] == [1, 1, 0]


def test_when_most_schools_of_several_providers_fall_silent_it_is_not_their_lines(
    store: Store, clock: FixedClock
) -> None:
    town = Town(store, clock, 8, "Telekom", "Vodafone")
    town.cut.update(town.numbers)
    town.minutes(4)
    (one,) = town.incidents()
    assert one.kind == "city"
    assert one.schools == 8


def test_a_server_that_slept_takes_nobody_for_silent(store: Store, clock: FixedClock) -> None:
    town = Town(store, clock, 3)
    clock.advance(3600)
    town.cut.update(town.numbers)
    town.minutes(2)
    assert town.incidents(everything=True) == []
    town.minutes(2)
    assert len(town.incidents()) == 1


def test_late_reports_begin_nothing(store: Store, clock: FixedClock) -> None:
    """What a school kept while it was offline tells of an hour ago."""
    town = Town(store, clock)
    town.down("SW", "AP1", "AP2", "AP3")
    clock.advance(-3600)
    town.report()
    clock.advance(3600)
    town.seconds(30)
    assert not [row for row in town.incidents(everything=True) if row.kind == "device"]


def test_what_comes_back_soon_is_the_same_incident_and_flaps(
    store: Store, clock: FixedClock
) -> None:
    town = Town(store, clock)
    for _ in range(5):
        town.say("uplink", "line1", reachable=False, loss_percent=100.0)
        town.minutes(2)
        town.say("uplink", "line1", reachable=True, loss_percent=0.0)
        town.minutes(4)
    (one,) = town.incidents(everything=True)
    assert (one.flapping, one.returns, one.state) == (True, 4, "quiet")
    assert one.closed_at is None
    town.minutes(31)
    (one,) = town.incidents(everything=True)
    assert one.state == "closed"
    assert "flapping" in events(town, one.id)


def test_an_incident_outlives_the_night_and_gets_no_milder(store: Store, clock: FixedClock) -> None:
    town = Town(store, clock)
    town.down("SW", "AP1", "AP2", "AP3")
    town.minutes(2)
    clock.value = LESSON + 12 * 3600 * 1_000_000
    town.minutes(2)
    (one,) = town.incidents()
    assert one.severity == "critical"


def test_a_retired_device_ends_its_incident(store: Store, clock: FixedClock) -> None:
    town = Town(store, clock)
    town.down("AP3")
    town.minutes(5)
    assert len(town.incidents()) == 1
    with store.write(ADMIN) as unit:
        Inventory(unit).retire(KINDS["device"], "164800-AP3", 1, "broken")
    del town.facts["164800", "device", "AP3"]
    town.minutes(1)
    assert town.incidents() == []


def test_a_rule_of_the_citys_own_about_lines_counts_for_the_provider_too(
    store: Store, clock: FixedClock
) -> None:
    folder = store.settings.home / "alerts"
    folder.mkdir()
    (folder / "own.yaml").write_text(
        "- {id: names-gone, about: uplink, outage: true, when: dns_ms >= 1900, text: x}"
    )
    town = Town(store, clock, 3)
    for number in town.numbers:
        town.say("uplink", "line1", number, reachable=True, loss_percent=0.0, dns_ms=1950.0)
    town.minutes(2)
    (one,) = town.incidents()
    assert (one.kind, one.schools) == ("provider", 3)
