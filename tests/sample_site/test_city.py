"""The sample city: the same every time, whole in itself, and nobody real in it."""

from __future__ import annotations

import hashlib
import ipaddress
import json
import re
from collections import Counter
from collections.abc import Iterator

import pytest

from inventory.fields import Type
from inventory.kinds import KINDS
from sample_site.city import ORDER, City, build_city
from sample_site.equipment.catalogue import BY_NAME
from sample_site.schools import DATA_FILE, listed_schools


@pytest.fixture(scope="module")
def city() -> City:
    return build_city()


def fingerprint(city: City) -> str:
    digest = hashlib.sha256()
    for kind in ORDER:
        for row in city.rows(kind):
            digest.update(json.dumps(row, sort_keys=True, ensure_ascii=False).encode())
    return digest.hexdigest()


def keys(city: City, kind_name: str) -> list[str]:
    kind = KINDS[kind_name]
    return [kind.make_key(row, {}) for row in city.rows(kind_name)]


def test_the_same_seed_gives_the_same_city() -> None:
    assert fingerprint(build_city(7, 0.05)) == fingerprint(build_city(7, 0.05))


def test_another_seed_gives_another_city() -> None:
    assert fingerprint(build_city(7, 0.05)) != fingerprint(build_city(8, 0.05))


def test_the_city_of_a_seed_never_changes_by_accident() -> None:
    # Serial numbers on screenshots and in bug reports should mean something tomorrow, too:
    # whoever changes what is drawn changes this number knowingly.
    assert fingerprint(build_city(1, 0.05, 6))[:16] == "3ea540d8385804f5"


def test_a_school_is_the_same_in_a_small_city_and_in_the_whole(city: City) -> None:
    part = next(p for p in build_city(schools=["164501"]).parts() if p.school == "164501")
    same = next(p for p in city.parts() if p.school == "164501")
    assert part == same


def test_the_list_has_174_schools_and_150_of_the_citys_own(city: City) -> None:
    schools = list(city.rows("school"))
    assert sum(row.get("municipality") == "111000" for row in schools) == 174
    assert sum(row.get("authority") == "10042" for row in schools) == 150


def test_kitas_and_a_university_stand_beside_the_list(city: City) -> None:
    kinds = Counter(row["institution"] for row in city.rows("school"))
    assert kinds["kita"] == 2
    assert kinds["university"] == 1


def test_five_smart_school_centres_are_sites(city: City) -> None:
    centres = [row for row in city.rows("site") if row["kind"] == "smart-school-centre"]
    assert len(centres) == 5
    assert len({row["school"] for row in centres}) == 5


@pytest.mark.parametrize(
    ("kind", "low", "high"),
    [
        ("room", 4_150, 4_450),
        ("access-point", 5_800, 6_200),
        ("switch", 650, 750),
        ("router", 145, 155),
        ("wlan-controller", 30, 80),
        ("ipad", 39_500, 40_500),
        ("device", 46_000, 50_500),
        ("board", 400, 1_000),
        ("apple-tv", 500, 1_500),
    ],
)
def test_the_city_has_its_size(city: City, kind: str, low: int, high: int) -> None:
    assert low <= city.counts()[kind] <= high


def test_pupils_come_to_about_ninety_thousand(city: City) -> None:
    assert 85_000 <= sum(int(str(r.get("pupils", 0))) for r in city.rows("school")) <= 95_000


def test_scale_makes_it_so_many_times_as_big() -> None:
    small, big = build_city(scale=0.5).counts(), build_city(scale=2).counts()
    assert 3.2 < big["ipad"] / small["ipad"] < 4.8


@pytest.mark.parametrize("kind", ORDER)
def test_no_two_records_have_the_same_key(city: City, kind: str) -> None:
    found = keys(city, kind)
    assert len(found) == len(set(found))


@pytest.mark.parametrize("kind_name", ORDER)
def test_every_reference_leads_to_a_record(city: City, kind_name: str) -> None:
    kind = KINDS[kind_name]
    known = {name: set(keys(city, name)) for name in ORDER}
    for row in city.rows(kind_name):
        for field in kind.fields:
            value = row.get(field.name)
            if field.type is Type.REFERENCE and value:
                assert value in known[str(field.reference)], (field.name, row)


@pytest.mark.parametrize("kind_name", ORDER)
def test_values_are_as_the_vocabulary_would_parse_them(city: City, kind_name: str) -> None:
    fields = KINDS[kind_name].by_name()
    required = {f.name for f in KINDS[kind_name].fields if f.required}
    for row in list(city.rows(kind_name))[::23]:
        assert required <= row.keys()
        for name, value in row.items():
            assert fields[name].parse(fields[name].format(value)) == value, (name, row)


def test_rooms_sites_and_parents_lie_in_the_records_own_school(city: City) -> None:
    school_of = {row["serial"]: row["school"] for row in city.rows("device")}
    for row in city.rows("device"):
        assert str(row.get("room", row["school"])).startswith(str(row["school"]))
        assert school_of[row.get("parent", row["serial"])] == row["school"]


def test_access_points_hang_on_switches_and_switches_on_the_router(city: City) -> None:
    kind_of = {row["serial"]: row["kind"] for row in city.rows("device")}
    parents = {row["serial"]: row.get("parent") for row in city.rows("device")}
    for row in city.rows("device"):
        if row["kind"] == "access-point":
            assert kind_of[row["parent"]] == "switch"
        if row["kind"] == "switch":
            hops = 0
            serial = row["serial"]
            while parents[serial]:
                serial, hops = parents[serial], hops + 1
            assert kind_of[serial] == "router"
            assert 1 <= hops <= 2


def test_serials_asset_tags_and_macs_are_unique(city: City) -> None:
    devices = list(city.rows("device"))
    for field in ("serial", "asset_tag"):
        assert len({row[field] for row in devices}) == len(devices)
    macs = [mac for row in devices for mac in macs_of(row)]
    assert len(macs) == len(set(macs))


def macs_of(row: dict[str, object]) -> Iterator[str]:
    found = row["macs"]
    assert isinstance(found, tuple)
    yield from found


def test_no_mac_is_the_address_of_a_device_that_exists(city: City) -> None:
    for row in city.rows("device"):
        for mac in macs_of(row):
            assert int(mac[:2], 16) & 0b11 == 0b10, "locally administered, unicast"


def test_management_addresses_are_unique_and_loopback(city: City) -> None:
    addresses = [str(row["address"]) for row in city.rows("device") if "address" in row]
    assert len(addresses) == len(set(addresses))
    assert all(ipaddress.ip_address(a) in ipaddress.ip_network("127.0.0.0/8") for a in addresses)
    assert not any(a.startswith("127.0.") for a in addresses)


def test_addresses_lie_in_the_networks_of_their_school(city: City) -> None:
    networks = {
        row["school"]: [ipaddress.ip_network(n) for n in str(row["networks"]).split()]
        for row in city.rows("site")
        if row.get("networks")
    }
    for row in city.rows("device"):
        if "address" in row:
            address = ipaddress.ip_address(str(row["address"]))
            assert any(address in network for network in networks[row["school"]])


def test_every_network_device_can_be_simulated(city: City) -> None:
    for row in city.rows("device"):
        if row["kind"] in ("access-point", "switch", "router", "wlan-controller"):
            model = BY_NAME[str(row["vendor"]), str(row["model"])]
            assert (model.kind, model.management) == (row["kind"], row["management"])
            assert row["credential"] if row["management"] != "controller" else True


def test_what_a_controller_speaks_for_has_one_in_its_school(city: City) -> None:
    controllers = {
        (row["school"], row["vendor"])
        for row in city.rows("device")
        if row["kind"] == "wlan-controller"
    }
    spoken_for = [
        row
        for row in city.rows("device")
        if row["kind"] == "access-point" and row["management"] != "snmp"
    ]
    assert spoken_for
    assert all((row["school"], row["vendor"]) in controllers for row in spoken_for)


def test_lines_are_in_all_states_and_every_school_has_one_in_use(city: City) -> None:
    uplinks = list(city.rows("uplink"))
    assert {row["state"] for row in uplinks} == {"planned", "at-kerb", "active", "ended"}
    assert len({row["provider"] for row in uplinks}) >= 5
    assert {row["school"] for row in uplinks if row["state"] == "active"} == {
        row["number"] for row in city.rows("school") if row["operating"] != "closed"
    }


def test_a_closed_school_has_nothing_but_its_entry(city: City) -> None:
    closed = [row["number"] for row in city.rows("school") if row["operating"] == "closed"]
    assert closed
    for kind in ("room", "device", "uplink", "contact"):
        assert not [row for row in city.rows(kind) if row["school"] in closed]


def test_services_run_in_the_cloud_and_on_premises_at_all_stages(city: City) -> None:
    services = list(city.rows("service"))
    assert {row["location"] for row in services} >= {"cloud", "on-premises"}
    assert {row["migration"] for row in services} == {"none", "planned", "running", "done"}


def test_nobody_can_be_called_or_written_to(city: City) -> None:
    nobody = re.compile(r"(030 23125|069 90009|040 66969|0221 4710|089 99998)\d{3}|0171 39200\d\d")
    for row in city.rows("contact"):
        assert nobody.fullmatch(str(row["phone"]))
        assert str(row["email"]).endswith(".example")
    for row in city.rows("uplink"):
        assert nobody.fullmatch(str(row["hotline"]))
    for row in city.rows("service"):
        assert str(row.get("url", "https://x.example")).endswith(".example")


def test_the_list_of_schools_holds_no_e_mail_and_no_web_page() -> None:
    text = DATA_FILE.read_text(encoding="utf-8")
    assert "@" not in text
    assert "http" not in text
    assert not {"email", "website", "fax"} & {name for row in listed_schools() for name in row}


def test_a_small_city_has_a_mixture_of_forms() -> None:
    schools = list(build_city(schools=4).rows("school"))
    assert len(schools) == 4
    assert len({row["form"] for row in schools}) == 4
    assert all(row["authority"] == "10042" for row in schools)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"scale": 0}, "scale"),
        ({"scale": 21}, "scale"),
        ({"schools": 0}, "1 to 174"),
        ({"schools": 175}, "1 to 174"),
        ({"schools": ["999999"]}, "999999"),
    ],
)
def test_wrong_wishes_are_refused_with_what_is_possible(
    wrong: dict[str, object], says: str
) -> None:
    with pytest.raises(ValueError, match=says):
        build_city(**wrong)  # type: ignore[arg-type]


def test_the_largest_city_still_has_addresses_for_everything() -> None:
    largest = build_city(scale=20, schools=["188086", "164501"])
    addresses = [row["address"] for row in largest.rows("device") if "address" in row]
    assert len(addresses) == len(set(addresses)) > 2 * 510
