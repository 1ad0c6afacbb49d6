"""Small real pictures that tell where and with what they were taken."""

from __future__ import annotations

import base64
import struct
import zlib

_JPEG = base64.b64decode(
    "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAgGBgcGBQgHBwcJCQgKDBQNDAsLDBkSEw8UHRofHh0aHBwgJC4nICIsIxwc"
    "KDcpLDAxNDQ0Hyc5PTgyPC4zNDL/wAALCAABAAEBAREA/8QAHwAAAQUBAQEBAQEAAAAAAAAAAAECAwQFBgcICQoL/8QA"
    "tRAAAgEDAwIEAwUFBAQAAAF9AQIDAAQRBRIhMUEGE1FhByJxFDKBkaEII0KxwRVS0fAkM2JyggkKFhcYGRolJicoKSo0"
    "NTY3ODk6Q0RFRkdISUpTVFVWV1hZWmNkZWZnaGlqc3R1dnd4eXqDhIWGh4iJipKTlJWWl5iZmqKjpKWmp6ipqrKztLW2"
    "t7i5usLDxMXGx8jJytLT1NXW19jZ2uHi4+Tl5ufo6erx8vP09fb3+Pn6/9oACAEBAAA/APn+v//Z"
)
"""One grey pixel."""


def _segment(marker: int, body: bytes) -> bytes:
    return b"\xff" + bytes((marker,)) + struct.pack(">H", len(body) + 2) + body


def jpeg_with_gps(turned: int = 1) -> bytes:
    """A JPEG with EXIF (GPS, a camera's name, how to turn it), XMP, a comment, and after its end a
    second picture with EXIF of its own, as phones write them."""
    entries = [
        struct.pack(">HHII", 0x0110, 2, 9, 100),  # the camera
        struct.pack(">HHIHH", 0x0112, 3, 1, turned, 0),
        struct.pack(">HHII", 0x8825, 4, 1, 120),  # where GPS begins
    ]
    head = b"MM\0*\0\0\0\x08" + struct.pack(">H", len(entries)) + b"".join(entries) + bytes(4)
    tiff = head.ljust(100, b"\0") + b"Kamera 7\0".ljust(20, b"\0") + b"GPS-HERE 50.94N 6.96E"
    exif = _segment(0xE1, b"Exif\0\0" + tiff)
    xmp = _segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0<x>GPS-HERE</x>")
    comment = _segment(0xFE, b"Kamera 7")
    jpeg = _JPEG[:2] + exif + xmp + comment + _JPEG[2:]
    return jpeg + _JPEG[:2] + exif + _JPEG[2:]


def png_with_text() -> bytes:
    """A PNG of one pixel with text, EXIF, and something behind its end."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        crc = zlib.crc32(kind + body)
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", crc)

    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
        + chunk(b"tEXt", b"Comment\0GPS-HERE")
        + chunk(b"eXIf", b"MM\0*GPS-HERE")
        + chunk(b"IDAT", zlib.compress(b"\0\x80"))
        + chunk(b"IEND", b"")
        + b"GPS-HERE"
    )
