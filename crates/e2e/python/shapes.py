"""Features of a GeoJSON file: properties, geodesic area in km², number of positions, the first ring's corner means."""
import json, sys
from pyproj import Geod

geod = Geod(a=6378137, rf=298.257222101)


def area(ring):
    return abs(geod.polygon_area_perimeter([p[0] for p in ring], [p[1] for p in ring])[0])


def polygons(g):
    return g["coordinates"] if g["type"] == "MultiPolygon" else [g["coordinates"]] if g["type"] == "Polygon" else []


out = []
content = json.load(open(sys.argv[1], encoding="utf-8"))
for f in content.get("features", [content]):
    g = f.get("geometry") or f
    polys = polygons(g)
    positions = [p for rings in polys for ring in rings for p in ring]
    box = [min(p[0] for p in positions), min(p[1] for p in positions), max(p[0] for p in positions), max(p[1] for p in positions)]
    km2 = sum(area(p[0]) - sum(map(area, p[1:])) for p in polys) / 1e6
    out.append({"properties": f.get("properties") or {}, "km2": km2, "positions": len(positions), "box": box})
print(json.dumps(out, ensure_ascii=False))
