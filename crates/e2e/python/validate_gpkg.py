"""GDAL's GeoPackage validator (PyPI gdal-utils): every requirement of the specification it knows."""
import json, sys
from osgeo_utils.samples import validate_gpkg as v

errors = v.check(sys.argv[1], abort_at_first_error=False, warning_msg=False, myprint=lambda *_: None)
print(json.dumps([f"Req {req}: {message}" for req, message in errors], ensure_ascii=False))
