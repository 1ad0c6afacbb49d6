"""What cannot be is refused at its field; what is only odd is taken and remarked."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from inventory.filter import parse
from inventory.formats import plan_file
from inventory.kinds import BUILDING, CONTACT, DEVICE, ROOM, SCHOOL, SITE, UPLINK, Kind

TODAY = dt.date.today()


def years(count: int) -> str:
    return (TODAY + dt.timedelta(days=366 * count)).isoformat()


@pytest.mark.parametrize(
    ("kind", "name", "text"),
    [
        (SCHOOL, "number", "abc"),
        (SCHOOL, "number", "16/4800"),
        (SCHOOL, "number", "164 800"),
        (SCHOOL, "latitude", "999"),
        (SCHOOL, "longitude", "-181"),
        (SITE, "latitude", "90.001"),
        (SCHOOL, "utm_easting", "6774"),
        (SCHOOL, "utm_easting", "32346741"),
        (SCHOOL, "utm_northing", "56774999"),
        (SCHOOL, "pupils", "-1"),
        (SCHOOL, "phone", "none"),
        (CONTACT, "phone", "call me"),
        (CONTACT, "email", "a.muster"),
        (UPLINK, "hotline", "-"),
        (UPLINK, "contract_end", "3025-01-01"),
        (UPLINK, "contract_down_bps", "-5"),
        (DEVICE, "purchased", years(3)),
        (DEVICE, "purchased", "0024-05-01"),
        (DEVICE, "warranty_until", "2926-01-01"),
        (DEVICE, "address", "0.0.0.0"),
        (DEVICE, "address", "ff02::1"),
        (DEVICE, "address", "255.255.255.255"),
        (DEVICE, "macs", "00:00:00:00:00:00"),
        (DEVICE, "macs", "ff:ff:ff:ff:ff:ff"),
        (DEVICE, "macs", "00:1b:21:00:00:01 01:00:5e:00:00:01"),
        (SITE, "networks", "10.20.0.0/33"),
        (BUILDING, "built", "19"),
        (ROOM, "seats", "-3"),
    ],
)
def test_what_cannot_be_is_refused(kind: Kind, name: str, text: str) -> None:
    with pytest.raises(ValueError, match=r"\w+ \w+"):
        kind.field(name).parse(text)


@pytest.mark.parametrize(
    ("kind", "name", "text"),
    [
        (SCHOOL, "number", "164801"),  # the check digit is another
        (SCHOOL, "number", "7"),
        (SCHOOL, "latitude", "6.77"),  # exchanged with the longitude
        (SCHOOL, "longitude", "51.2"),
        (SCHOOL, "postcode", "4021"),
        (SCHOOL, "phone", "0211 1 (Frau A.)"),
        (SCHOOL, "pupils", "9000"),
        (UPLINK, "contract_down_bps", "1000"),
        (UPLINK, "contract_end", years(25)),
        (DEVICE, "purchased", (TODAY + dt.timedelta(days=9)).isoformat()),
        (DEVICE, "warranty_until", years(15)),
        (DEVICE, "address", "169.254.3.4"),
        (DEVICE, "address", "127.0.0.1"),
        (DEVICE, "macs", "02:00:00:00:00:01"),
    ],
)
def test_what_is_odd_is_taken_and_remarked(kind: Kind, name: str, text: str) -> None:
    value = kind.field(name).parse(text)
    assert kind.doubts({name: value}).keys() == {name}


@pytest.mark.parametrize(
    ("kind", "name", "text"),
    [
        (SCHOOL, "number", "164800"),
        (SCHOOL, "number", "01A02"),  # Berlin
        (SCHOOL, "number", "04123456"),  # Baden-Württemberg
        (SCHOOL, "number", "KITA-01"),
        (SCHOOL, "latitude", "51.2277"),
        (SCHOOL, "utm_easting", "346741"),
        (SCHOOL, "utm_northing", "5675559"),
        (SCHOOL, "phone", "+49 (211) 89-24260"),
        (CONTACT, "phone", "12"),
        (UPLINK, "contract_down_bps", "1 Gbit/s"),
        (UPLINK, "contract_end", years(4)),
        (DEVICE, "purchased", TODAY.isoformat()),
        (DEVICE, "address", "10.20.0.7"),
        (DEVICE, "address", "2001:db8::7"),
        (DEVICE, "macs", "00:1b:21:00:00:01"),
        (SITE, "networks", "10.20.0.0/16, 10.21.0.0/16;2001:db8::/32"),
        (BUILDING, "built", "1908"),
    ],
)
def test_what_is_right_is_not_remarked(kind: Kind, name: str, text: str) -> None:
    assert kind.doubts({name: kind.field(name).parse(text)}) == {}


def test_a_warranty_cannot_end_before_the_purchase() -> None:
    early, late = "2024-01-01", "2025-01-01"
    assert DEVICE.clashes({}, {"purchased": late, "warranty_until": early}).keys() == {
        "warranty_until"
    }
    assert DEVICE.clashes({"purchased": late}, {"warranty_until": early})
    assert DEVICE.clashes({"purchased": early}, {"warranty_until": late}) == {}


def test_what_stood_there_before_is_not_judged_with_an_edit_of_something_else() -> None:
    old: dict[str, Any] = {"purchased": "2025-01-01", "warranty_until": "2024-01-01"}
    assert DEVICE.clashes(old, {"name": "x"}) == {}


def test_a_filter_may_ask_for_what_cannot_be() -> None:
    assert str(parse("latitude:>90", SCHOOL)) is not None
    assert parse("purchased:>3000-01-01", DEVICE).terms


def test_a_row_of_a_file_has_both_the_refusal_and_the_remark() -> None:
    text = "number;name;latitude;longitude;email\n164801;A;999;51.2;a\n"
    (row,) = plan_file(SCHOOL, text.encode(), "x.csv").rows
    assert [problem.split(":")[0] for problem in row.problems] == ["latitude", "email"]
    assert any("check digit" in remark for remark in row.warnings)
    assert any("longitude is unusual" in remark for remark in row.warnings)
