"""The agent's own Ed25519: as RFC 8032 says, as `cryptography` signs, and nothing looser."""

from __future__ import annotations

import os

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from agents.ed25519 import verify

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493

RFC_8032 = [
    (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701c"
        "f9b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0"
        "f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
    (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f76098"
        "4dc6594a7c15e9716ed28dc027beceea1ec40a",
    ),
]


def signed(message: bytes) -> tuple[bytes, bytes]:
    key = Ed25519PrivateKey.generate()
    return key.public_key().public_bytes_raw(), key.sign(message)


@pytest.mark.parametrize("vector", RFC_8032)
def test_the_vectors_of_rfc_8032_are_right(vector: tuple[str, str, str]) -> None:
    key, message, signature = map(bytes.fromhex, vector)
    assert verify(key, message, signature)
    assert not verify(key, message + b"x", signature)


def test_what_cryptography_signs_is_right_and_any_flipped_bit_is_wrong() -> None:
    for size in (0, 1, 64, 1000):
        message = os.urandom(size)
        key, signature = signed(message)
        assert verify(key, message, signature)
        for _ in range(4):
            at, bit = os.urandom(1)[0] % 64, os.urandom(1)[0] % 8
            wrong = bytearray(signature)
            wrong[at] ^= 1 << bit
            assert not verify(key, message, bytes(wrong))
        other, _ = signed(message)
        assert not verify(other, message, signature)


def test_the_same_signature_in_another_form_is_refused() -> None:
    key, signature = signed(b"m")
    s = int.from_bytes(signature[32:], "little") + L
    assert not verify(key, b"m", signature[:32] + s.to_bytes(32, "little"))


def test_keys_and_points_that_prove_nothing_are_refused() -> None:
    small = [
        (1).to_bytes(32, "little"),  # neutral
        (P - 1).to_bytes(32, "little"),  # order 2
        (0).to_bytes(32, "little"),  # order 4
        bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"),  # 8
    ]
    long = [
        (P + 1).to_bytes(32, "little"),  # neutral, not in its shortest form
        (1 | 1 << 255).to_bytes(32, "little"),  # -0
    ]
    for key in small + long:
        for commitment in small + long:
            assert not verify(key, b"m", commitment + bytes(32))
    assert not verify(bytes(31), b"m", bytes(64))
    key, signature = signed(b"m")
    assert not verify(key, b"m", signature[:63])
    assert not verify(key, b"m", signature + b"\0")
    no_point = (2).to_bytes(32, "little")
    assert not verify(no_point, b"m", signature)
    assert not verify(key, b"m", no_point + signature[32:])
