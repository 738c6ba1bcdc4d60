"""Counts the envelopes of a layer that meet a box, reading every geometry header and no index."""
import json, sqlite3, struct, sys

path, layer = sys.argv[1:3]
west, south, east, north = map(float, sys.argv[3:7])
db = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
inside = 0
for (geom,) in db.execute(f"SELECT geom FROM {layer} WHERE geom IS NOT NULL"):
    if (geom[3] >> 1) & 7:
        x0, x1, y0, y1 = struct.unpack_from("<4d", geom, 8)
    else:
        x0, y0 = struct.unpack_from("<2d", geom, 13)
        x1, y1 = x0, y0
    inside += x0 <= east and x1 >= west and y0 <= north and y1 >= south
print(json.dumps({"inside": inside}))
