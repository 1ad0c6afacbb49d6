"""Pictures without what tells of the place: JPEG, PNG, WebP in pieces, pixels untouched. Pure."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator

_PNG = b"\x89PNG\r\n\x1a\n"
_PNG_KEPT = (
    b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"sBIT", b"pHYs",
)  # fmt: skip
_JFIF, _EXIF, _COLOURS, _ADOBE, _COMMENT = 0xE0, 0xE1, 0xE2, 0xEE, 0xFE
_SCAN, _END = 0xDA, 0xD9
_ALONE = (0x01, *range(0xD0, 0xD8))
"""Markers of a JPEG without a length."""
_ICC = b"ICC_PROFILE\0"
_WEBP_TELLS = (b"EXIF", b"XMP ")
BREAKS = (IndexError, struct.error)
"""What the pieces end with when a picture cannot be followed any further."""

Pieces = Callable[[bytes], Iterator[bytes]]


def kind_of(data: bytes) -> tuple[str, Pieces] | None:
    """The media type by the first bytes, and what gives the pieces to keep; None for no picture
    that is known here. The pieces raise one of `BREAKS` where the picture is broken."""
    if data.startswith(b"\xff\xd8\xff"):
        return "image/jpeg", _jpeg
    if data.startswith(_PNG):
        return "image/png", _png
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp", _webp
    return None


def _jpeg(data: bytes) -> Iterator[bytes]:
    """Its segments without EXIF, XMP, IPTC, comments and whatever else programs add, and without
    what follows its end: phones append a film, or a second picture with its own EXIF. What is kept
    of EXIF is how the picture has to be turned."""
    yield data[:2]
    turned, first, at = 1, True, 2
    while True:
        start = at
        if data[at] != 0xFF:
            raise IndexError
        while data[at] == 0xFF:
            at += 1
        marker = data[at]
        at += 1
        if marker == _END:
            yield b"\xff\xd9"
            return
        if marker in _ALONE:
            yield data[start:at]
            continue
        (length,) = struct.unpack_from(">H", data, at)
        if length < 2 or at + length > len(data):
            raise IndexError
        body, at = data[at + 2 : at + length], at + length
        if marker == _EXIF and body.startswith(b"Exif\0\0"):
            turned = _turned(body[6:])
        own = marker in (_JFIF, _ADOBE) or (marker == _COLOURS and body.startswith(_ICC))
        if marker == _COMMENT or (0xE0 <= marker <= 0xEF and not own):
            continue
        if marker == _JFIF and not body.startswith(b"JFIF\0"):
            continue  # a thumbnail of its own
        if first and marker != _JFIF and turned != 1:
            yield _turning(turned)
        first = first and marker == _JFIF
        # A thumbnail may hang behind the twelve bytes of JFIF.
        kept = body[:12] + b"\0\0" if marker == _JFIF else body
        yield b"\xff" + bytes((marker,)) + struct.pack(">H", len(kept) + 2) + kept
        if marker == _SCAN:
            end = _end_of_scan(data, at)
            yield data[at:end]
            at = end


def _end_of_scan(data: bytes, at: int) -> int:
    """Where the next marker begins: within a scan 0xFF is followed by 0 or a restart."""
    while True:
        at = data.find(b"\xff", at)
        if at < 0:
            raise IndexError
        follows = data[at + 1]
        if follows not in (0, 0xFF) and not 0xD0 <= follows <= 0xD7:
            return at
        at += 1 if follows == 0xFF else 2


def _turned(tiff: bytes) -> int:
    """How EXIF says that the picture has to be turned: 1 (not at all) to 8."""
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2])
    try:
        if order is None:
            return 1
        (at,) = struct.unpack_from(f"{order}I", tiff, 4)
        (count,) = struct.unpack_from(f"{order}H", tiff, at)
        for entry in range(min(count, 200)):
            tag, _, _, value = struct.unpack_from(f"{order}HHIH", tiff, at + 2 + 12 * entry)
            if tag == 0x0112:
                return int(value) if 1 <= value <= 8 else 1
    except struct.error:
        return 1
    return 1


def _turning(turned: int) -> bytes:
    """EXIF that says how to turn the picture, and nothing else."""
    tiff = b"MM\0*" + struct.pack(">IHHHIHHI", 8, 1, 0x0112, 3, 1, turned, 0, 0)
    return b"\xff\xe1" + struct.pack(">H", len(tiff) + 8) + b"Exif\0\0" + tiff


def _png(data: bytes) -> Iterator[bytes]:
    yield _PNG
    at = len(_PNG)
    while True:
        length, kind = struct.unpack_from(">I4s", data, at)
        end = at + 12 + length
        if end > len(data):
            raise IndexError
        if kind in _PNG_KEPT:
            yield data[at:end]
        if kind == b"IEND":
            return
        at = end


def _webp(data: bytes) -> Iterator[bytes]:
    """In one piece, since its length stands at the beginning."""
    kept, at = [b"WEBP"], 12
    while at + 8 <= len(data):
        kind, length = struct.unpack_from("<4sI", data, at)
        end = at + 8 + length + length % 2
        if kind not in _WEBP_TELLS:
            kept.append(data[at:end])
        at = end
    body = b"".join(kept)
    yield b"RIFF" + len(body).to_bytes(4, "little") + body
