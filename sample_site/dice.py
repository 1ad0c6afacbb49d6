"""Chance that is the same on every machine and every Python: what `City` is made from.

`random.Random` promises one thing for all time: that `random()` after an integer seed gives the
same numbers. `Dice` uses that alone; `choice`, `gauss` and `shuffle` may change between
versions of Python. Each school has its own dice, so a city of four schools has exactly the
schools, devices and serial numbers that these four have in the whole city.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")

# The largest prime below 34^6 that leaves 2 when divided by 3: cubing modulo such a prime
# takes no two numbers to the same one.
_PRIME = 1_544_804_363
_ALPHABET = "0123456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # as on type plates: no I, no O
DEVICES_PER_SCHOOL = 1 << 16


class Dice:
    """Numbers for one purpose; the purpose's words are the seed."""

    def __init__(self, *words: object) -> None:
        digest = hashlib.sha256("/".join(map(str, words)).encode()).digest()
        self.random = random.Random(int.from_bytes(digest[:16])).random  # noqa: S311

    def below(self, limit: int) -> int:
        """0 … limit - 1."""
        return int(self.random() * limit)

    def between(self, low: float, high: float) -> float:
        """Evenly spread."""
        return low + (high - low) * self.random()

    def around(self, middle: float, spread: float) -> float:
        """A hump between `middle` - `spread` and `middle` + `spread`."""
        return middle + spread * (self.random() + self.random() + self.random() - 1.5) / 1.5

    def pick(self, items: Sequence[T]) -> T:
        """One of them, all alike."""
        return items[int(self.random() * len(items))]

    def chance(self, probability: float) -> bool:
        return self.random() < probability


def spread(*weighted: tuple[T, int]) -> tuple[T, ...]:
    """Repeat each item by its weight, to `pick` from."""
    return tuple(item for item, weight in weighted for _ in range(weight))


class Plates:
    """Serial numbers, asset tags and MAC addresses of one school's devices.

    `school` is the school's place in the city's list. No two schools and no two devices get
    the same, without anybody keeping a list: serials are a permutation of a running number.
    MAC addresses carry a vendor's prefix with the bit for 'locally administered' set, so that
    none is the address of a device that exists.
    """

    def __init__(self, seed: int, school: int) -> None:
        self.school = school
        self.count = 0
        self._seed = seed
        self._shift = seed * 2_654_435_761 % _PRIME
        self.unique = 0

    def next(self) -> int:
        """Begin the next device; answers its number, unique in the city and below 34^6."""
        if self.count >= DEVICES_PER_SCHOOL:
            raise ValueError(f"more than {DEVICES_PER_SCHOOL:,} devices at one school")
        number = self.school * DEVICES_PER_SCHOOL + self.count
        self.count += 1
        x = (number + self._shift) % _PRIME
        self.unique = x * x % _PRIME * x % _PRIME
        return self.unique

    def letters(self, prefix: str = "", suffix: str = "") -> str:
        """The device's number as six letters and digits between prefix and suffix."""
        x, a = self.unique, _ALPHABET
        x, c1 = divmod(x, 34)
        x, c2 = divmod(x, 34)
        x, c3 = divmod(x, 34)
        x, c4 = divmod(x, 34)
        x, c5 = divmod(x, 34)
        return prefix + a[x] + a[c5] + a[c4] + a[c3] + a[c2] + a[c1] + suffix

    def asset_tag(self) -> str:
        """The number on the city's sticker."""
        return f"D{self.school:03d}-{self.count:05d}"

    def mac(self, oui: str) -> str:
        """aa:bb:cc:dd:ee:ff; `oui` is 'aabbcc' with the local bit set, see `local`."""
        number = self.school * DEVICES_PER_SCHOOL + self.count - 1
        low = f"{(number * 0x9E3779 + self._seed * 0x51ED27) & 0xFFFFFF:06x}"
        return f"{oui[:2]}:{oui[2:4]}:{oui[4:]}:{low[:2]}:{low[2:4]}:{low[4:]}"


def local(oui: str) -> str:
    """A vendor's prefix 'AA:BB:CC' as 'aabbcc' with the bit for 'locally administered' set."""
    digits = oui.replace(":", "").lower()
    return f"{int(digits[:2], 16) | 2:02x}{digits[2:]}"
