"""Changes an entry behind the register's back, as somebody with the file could: `tamper.py GPKG remove|backdate ENTRY_ID`."""
import json, sqlite3, sys

path, how, entry_id = sys.argv[1:]
db = sqlite3.connect(path)
for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'entries'").fetchall():
    db.execute(f'DROP TRIGGER "{name}"')
if how == "remove":
    done = db.execute("DELETE FROM entries WHERE entry_id = ?", (entry_id,)).rowcount
else:
    text = db.execute("SELECT canonical FROM entries WHERE entry_id = ?", (entry_id,)).fetchone()[0]
    entry = json.loads(text)
    was = entry["occurred_at"]
    earlier = text.replace(f'"occurred_at":"{was}"', f'"occurred_at":"2018{was[4:]}"')
    assert earlier != text
    done = db.execute("UPDATE entries SET canonical = ? WHERE entry_id = ?", (earlier, entry_id)).rowcount
db.commit()
print(json.dumps(done))
