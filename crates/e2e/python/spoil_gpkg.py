"""Breaks a requirement of the GeoPackage specification."""
import json, sqlite3, sys

db = sqlite3.connect(sys.argv[1])
db.execute("UPDATE gpkg_geometry_columns SET srs_id = 31337 WHERE table_name = 'zones'")
db.commit()
print(json.dumps("spoiled"))
