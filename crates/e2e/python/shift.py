"""How far the one point of a GeoJSON file moved, in metres east and north of where it ended."""
import json, sys
from pyproj import Geod

geod = Geod(a=6378137, rf=298.257222101)
(x, y), (u, v) = (json.load(open(p, encoding="utf-8"))["features"][0]["geometry"]["coordinates"][:2] for p in sys.argv[1:3])
print(json.dumps({"east_m": geod.inv(u, v, x, v)[2] * (1 if x > u else -1),
                  "north_m": geod.inv(u, v, u, y)[2] * (1 if y > v else -1)}))
