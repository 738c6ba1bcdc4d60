"""Areas of a layer as the register states them and as PROJ's geodesics give them."""
import json, sqlite3, sys
from pyproj import Geod
from wkb import polygons

geod = Geod(a=6378137, rf=298.257222101)


def ring_area(ring):
    return abs(geod.polygon_area_perimeter(*zip(*ring))[0])


db = sqlite3.connect(f"file:{sys.argv[1]}?mode=ro", uri=True)
out = []
for name, area, geom in db.execute(f"SELECT name, area_m2, geom FROM {sys.argv[2]}"):
    theirs = sum(ring_area(p[0]) - sum(map(ring_area, p[1:])) for p in polygons(geom))
    out.append({"name": name, "area_m2": area, "geodesic_m2": theirs})
print(json.dumps(out, ensure_ascii=False))
