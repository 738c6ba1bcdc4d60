"""Identity of every entry and text of every dossier, for comparing two registers."""
import hashlib, json, sqlite3, sys

db = sqlite3.connect(f"file:{sys.argv[1]}?mode=ro", uri=True)
(first,) = db.execute("SELECT canonical FROM entries WHERE seq = 0").fetchone()
entries = sorted(r[0] for r in db.execute("SELECT entry_id FROM entries WHERE seq > 0"))
kinds = dict(db.execute("SELECT kind, count(*) FROM entries GROUP BY kind ORDER BY kind"))
sites = sorted(db.execute("SELECT site_id, site_code, version, state, coalesce(external_codes, '') FROM sites").fetchall())
clues = db.execute("SELECT count(*) FROM clues").fetchone()[0]
print(json.dumps({"verifier_key": json.loads(first)["body"]["verifier_key"], "entries": entries, "kinds": kinds,
                  "sites": [list(s) for s in sites], "clues": clues}))
