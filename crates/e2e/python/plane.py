"""Points on a Gauss-Krüger plane: made, and compared after our conversion with PROJ's, in metres on the ground."""
import json, sys
from pyproj import CRS, Geod, Transformer

task, epsg, path = sys.argv[1:4]
crs = CRS.from_epsg(int(epsg))
to_plane = Transformer.from_crs("EPSG:4490", crs, always_xy=True)
if task == "make":
    meridian = next(p.value for p in crs.coordinate_operation.params if "natural origin" in p.name and "Long" in p.name)
    places = [(meridian + dx, lat) for dx in (-1.5, -0.7, 0, 0.4, 1.49) for lat in (18.2, 30.0, 35.55, 45.1, 53.4)]
    features = [{"type": "Feature", "properties": {"n": n}, "geometry": {"type": "Point", "coordinates": list(to_plane.transform(*p))}}
                for n, p in enumerate(places)]
    json.dump({"type": "FeatureCollection", "features": features}, open(path, "w"))
    print(json.dumps({"points": len(places)}))
else:
    made, ours = (json.load(open(p, encoding="utf-8"))["features"] for p in (path, sys.argv[4]))
    back, geod = Transformer.from_crs(crs, "EPSG:4490", always_xy=True), Geod(a=6378137, rf=298.257222101)
    ours = {f["properties"]["n"]: f["geometry"]["coordinates"] for f in ours}
    errors = [geod.inv(*back.transform(*f["geometry"]["coordinates"][:2]), *ours[f["properties"]["n"]][:2])[2] for f in made]
    print(json.dumps({"points": len(errors), "worst_m": max(errors)}))
