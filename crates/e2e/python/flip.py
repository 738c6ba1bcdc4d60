"""Changes one byte of one entry, as somebody with the file and no scruples can, and leaves the schema as it was."""
import json, sqlite3, sys

db = sqlite3.connect(sys.argv[1], isolation_level=None)
seq = int(sys.argv[2])
triggers = db.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'entries'").fetchall()
for name, _ in triggers:
    db.execute(f"DROP TRIGGER {name}")
(text,) = db.execute("SELECT canonical FROM entries WHERE seq = ?", (seq,)).fetchone()
raw = bytearray(text.encode())
# An ASCII letter in the middle, so that the text stays text.
place = next(i for i in range(len(raw) // 2, len(raw)) if chr(raw[i]).isascii() and chr(raw[i]).islower())
raw[place] ^= 1
db.execute("UPDATE entries SET canonical = ? WHERE seq = ?", (raw.decode(), seq))
for _, sql in triggers:
    db.execute(sql)
print(json.dumps({"seq": seq, "place": place}))
