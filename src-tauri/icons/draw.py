"""Draws the icons: a diamond standing on its point, as on an inspection plan, with the bar of a hold across it.

Run it in this folder; it needs nothing but Python. The files it writes are committed.
"""

import struct
import zlib

INK = (31, 41, 55)
FACE = (245, 158, 11)
SAMPLES = 4


def inside(x: float, y: float, half: float) -> bool:
    """Whether a point of the unit square is in the diamond with that half diagonal."""
    return abs(x - 0.5) + abs(y - 0.5) <= half


def colour(x: float, y: float) -> tuple[int, int, int, int]:
    if not inside(x, y, 0.48):
        return (0, 0, 0, 0)
    if not inside(x, y, 0.40):
        return (*INK, 255)
    bar = abs(y - 0.5) <= 0.055 and abs(x - 0.5) <= 0.24
    return (*INK, 255) if bar else (*FACE, 255)


def pixel(column: int, row: int, size: int) -> bytes:
    """The mean of a grid of samples, weighted by their opacity."""
    red = green = blue = alpha = 0
    for i in range(SAMPLES):
        for j in range(SAMPLES):
            r, g, b, a = colour((column + (i + 0.5) / SAMPLES) / size, (row + (j + 0.5) / SAMPLES) / size)
            red, green, blue, alpha = red + r * a, green + g * a, blue + b * a, alpha + a
    if alpha == 0:
        return bytes(4)
    return bytes((red // alpha, green // alpha, blue // alpha, alpha // (SAMPLES * SAMPLES)))


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(size: int) -> bytes:
    rows = b"".join(b"\0" + b"".join(pixel(x, y, size) for x in range(size)) for y in range(size))
    header = struct.pack(">IIBBBBB", size, size, 8, 6, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b"")


for name, size in {"32x32": 32, "128x128": 128, "128x128@2x": 256, "icon": 512}.items():
    with open(f"{name}.png", "wb") as file:
        file.write(png(size))
