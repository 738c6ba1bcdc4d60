"""Reads the polygons of a GeoPackage geometry."""
import struct


def polygons(geom):
    """Polygons as lists of rings of (x, y)."""
    offset = 8 + {0: 0, 1: 32, 2: 48, 3: 48, 4: 64}[(geom[3] >> 1) & 7]
    return _read(geom, offset)[0]


def _read(raw, at):
    (kind,) = struct.unpack_from("<I", raw, at + 1)
    at += 5
    if kind == 6:
        (count,) = struct.unpack_from("<I", raw, at)
        at += 4
        found = []
        for _ in range(count):
            part, at = _read(raw, at)
            found += part
        return found, at
    assert kind == 3, kind
    (rings,) = struct.unpack_from("<I", raw, at)
    at += 4
    polygon = []
    for _ in range(rings):
        (n,) = struct.unpack_from("<I", raw, at)
        flat = struct.unpack_from(f"<{2 * n}d", raw, at + 4)
        polygon.append(list(zip(flat[::2], flat[1::2])))
        at += 4 + 16 * n
    return [polygon], at
