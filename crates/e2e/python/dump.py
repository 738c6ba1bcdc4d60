"""Every table of a register except its history and the indexes, as one hash per table."""
import hashlib, json, sqlite3, sys

db = sqlite3.connect(f"file:{sys.argv[1]}?mode=ro", uri=True)
names = [r[0] for r in db.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
out = {}
for name in names:
    if name.startswith(("sqlite_", "rtree_")):
        continue
    # When a layer last changed is not part of what it says.
    columns = [c[1] for c in db.execute(f"PRAGMA table_info({name})") if c[1] != "last_change"]
    rows = sorted(repr(r) for r in db.execute(f"SELECT {', '.join(columns)} FROM {name}"))
    out[name] = {"rows": len(rows), "sha256": hashlib.sha256("\n".join(rows).encode()).hexdigest()}
print(json.dumps(out))
