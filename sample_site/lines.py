"""The school lines of one school: what is in use, what lies at the kerb, what is planned.

Providers, circuit numbers and hotlines are invented; the hotlines' numbers are nobody's.
"""

from __future__ import annotations

from dataclasses import dataclass

from inventory.fields import Value
from sample_site.dice import Dice, spread
from sample_site.premises import Row

M = 1_000_000


@dataclass(frozen=True, slots=True)
class Offer:
    """A product of a provider."""

    medium: str
    provider: str
    circuit: str  # prefix of its circuit numbers
    hotline: str
    down_bps: int
    up_bps: int


_FIBRE = spread(
    (Offer("fibre", "Düsselfaser GmbH", "DF", "0221 4710110", 1000 * M, 1000 * M), 6),
    (Offer("fibre", "Düsselfaser GmbH", "DF", "0221 4710110", 500 * M, 250 * M), 2),
    (Offer("fibre", "Rheinstrang Netze", "RSN", "069 90009330", 1000 * M, 500 * M), 3),
)
_COPPER = spread(
    (Offer("cable", "Westkoax Business", "WKX", "0221 4710220", 1000 * M, 50 * M), 4),
    (Offer("cable", "Westkoax Business", "WKX", "0221 4710220", 500 * M, 50 * M), 2),
    (Offer("dsl", "Kupferdraht AG", "KD", "030 23125440", 250 * M, 40 * M), 3),
    (Offer("dsl", "Kupferdraht AG", "KD", "030 23125440", 100 * M, 40 * M), 3),
    (Offer("dsl", "Kupferdraht AG", "KD", "030 23125440", 16 * M, 2 * M), 1),
    (Offer("radio", "Turmblick Richtfunk", "TBR", "040 66969550", 200 * M, 200 * M), 1),
)
_MOBILE = Offer("mobile", "Funkbrücke Mobil", "FBM", "089 99998660", 150 * M, 50 * M)
_SATELLITE = Offer("satellite", "Orbitnetz", "ON", "089 99998770", 100 * M, 20 * M)


def lines_of(dice: Dice, number: str, router: str | None) -> list[Row]:
    """The uplinks of a school; the one named `main` is in use. `router` is a serial."""
    site = f"{number}/Hauptstandort"
    common: Row = {"school": number, "site": site}
    if router:
        common["device"] = router
    if dice.chance(0.57):
        rows = [_row(dice, common, "main", dice.pick(_FIBRE), "active")]
        if dice.chance(0.3):
            rows.append(_row(dice, common, "old", dice.pick(_COPPER), "ended"))
    else:
        rows = [_row(dice, common, "main", dice.pick(_COPPER), "active")]
        if dice.chance(0.85):
            state = "at-kerb" if dice.chance(0.45) else "planned"
            rows.append(_row(dice, common, "fibre", dice.pick(_FIBRE), state))
    if dice.chance(0.16):
        backup = _SATELLITE if dice.chance(0.08) else _MOBILE
        rows.append(_row(dice, common, "backup", backup, "active"))
    return rows


_NOTES: dict[str, tuple[str, ...]] = {
    "planned": ("Tiefbau im 2. Quartal 2027", "wartet auf Gestattung", "Angebot liegt vor"),
    "at-kerb": ("Hausanschluss fehlt", "Rohr liegt bis zur Grundstücksgrenze", ""),
}


def _row(dice: Dice, common: Row, name: str, offer: Offer, state: str) -> Row:
    row: dict[str, Value] = {
        **common,
        "name": name,
        "medium": offer.medium,
        "provider": offer.provider,
        "contract_down_bps": offer.down_bps,
        "contract_up_bps": offer.up_bps,
        "state": state,
        "hotline": offer.hotline,
    }
    if state != "planned":
        row["circuit"] = f"{offer.circuit}-{dice.below(90) + 10}-{dice.below(1_000_000):06d}"
    if state == "active":
        row["contract_end"] = f"{2027 + dice.below(4)}-{dice.pick(('03-31', '06-30', '12-31'))}"
    elif state == "ended":
        row["contract_end"] = f"{2023 + dice.below(3)}-{dice.pick(('06-30', '12-31'))}"
    if note := dice.pick(_NOTES.get(state, ("",))):
        row["notes"] = note
    return row
