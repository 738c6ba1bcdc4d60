"""JTS overlay cases of two areas, each set down in a corner of its own some hundred metres wide: writes A as patches and B as zones
(GeoJSON) into a folder and prints, by the number of the case, how much of A the expected intersection is."""
import json, pathlib, re, sys
import xml.etree.ElementTree as tree

folder, files = pathlib.Path(sys.argv[1]), sys.argv[2:]


def polygons(text):
    """Rings of a WKT polygon or multipolygon; nothing for other kinds."""
    text = " ".join((text or "").split()).upper()
    if not text.startswith(("POLYGON", "MULTIPOLYGON")) or "EMPTY" in text:
        return [] if "EMPTY" in text else None
    found = []
    for rings in re.findall(r"\(\s*(\([^()]*\)(?:\s*,\s*\([^()]*\))*)\s*\)", text):
        found.append([[tuple(map(float, p.split()[:2])) for p in ring.split(",")] for ring in re.findall(r"\(([^()]*)\)", rings)])
    return found


def ring_area(ring):
    return abs(sum(a[0] * b[1] - b[0] * a[1] for a, b in zip(ring, ring[1:]))) / 2


def area(shape):
    return sum(ring_area(p[0]) - sum(map(ring_area, p[1:])) for p in shape)


patches, zones, shares = [], [], {}
for file in files:
    for case in tree.parse(file).getroot().iter("case"):
        a, b = polygons(case.findtext("a")), polygons(case.findtext("b"))
        said = [polygons(o.text) for o in case.iter("op") if o.get("name") == "intersection" and (o.get("arg1"), o.get("arg2")) == ("A", "B")]
        if not a or not b or not said or said[0] is None:
            continue
        at = len(patches) + 1
        corners = [p for shape in (a, b) for rings in shape for ring in rings for p in ring]
        west, south = min(p[0] for p in corners), min(p[1] for p in corners)
        size = max(max(p[0] for p in corners) - west, max(p[1] for p in corners) - south)
        move = lambda p: [106.0 + at * 0.01 + (p[0] - west) / size * 0.003, 35.5 + (p[1] - south) / size * 0.003]
        feature = lambda shape, properties: {"type": "Feature", "properties": properties, "geometry": {
            "type": "MultiPolygon", "coordinates": [[[move(p) for p in ring] for ring in rings] for rings in shape]}}
        patches.append(feature(a, {"pid": at, "category": "c", "status": "s", "found": "2019-01-01"}))
        zones.append(feature(b, {"zid": at, "reserve": 1, "kind": "core"}))
        shares[at] = area(said[0]) / area(a)
for name, features in (("patches", patches), ("zones", zones)):
    (folder / f"{name}.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": features}))
print(json.dumps(shares))
