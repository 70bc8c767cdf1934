"""Inputs that are images, as PNG files, without a library (PNG: ISO/IEC 15948).

64 numbers   →   8 by 8 grey pixels, the smallest black, the largest white
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence


def grey_png(values: Sequence[float], width: int) -> bytes:
    """The file: rows of `width` values from above; all the same are black.

    Precondition: `width` divides the number of values.
    """
    low, high = min(values), max(values)
    scale = 255.0 / (high - low) if high > low else 0.0
    grey = bytes(round((v - low) * scale) for v in values)
    rows = b"".join(b"\0" + grey[k : k + width] for k in range(0, len(grey), width))
    head = struct.pack(">IIBBBBB", width, len(values) // width, 8, 0, 0, 0, 0)
    parts = (b"IHDR" + head, b"IDAT" + zlib.compress(rows, 9), b"IEND")
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(part) for part in parts)


def _chunk(part: bytes) -> bytes:
    return struct.pack(">I", len(part) - 4) + part + struct.pack(">I", zlib.crc32(part))
