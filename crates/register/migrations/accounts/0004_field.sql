-- Phones, what they sent that is not in the log yet, and what became of it. Which phone is whose is personal data.
CREATE TABLE devices (
  device_id TEXT PRIMARY KEY NOT NULL,
  person_id TEXT NOT NULL REFERENCES people (person_id) ON DELETE CASCADE,
  post_id INTEGER NOT NULL,
  -- Stations chosen by somebody whose post has none, with commas between.
  station_ids TEXT NOT NULL,
  alg TEXT NOT NULL,
  public_key TEXT NOT NULL,
  label TEXT,
  state TEXT NOT NULL CHECK (state IN ('active', 'locked')),
  lock_reason TEXT,
  locked_since TEXT,
  -- The API token it comes with.
  token_id TEXT,
  enrolled_at TEXT NOT NULL,
  seen_at TEXT,
  app_version TEXT,
  pack_etag TEXT,
  pack_made_at TEXT,
  last_number INTEGER NOT NULL DEFAULT 0,
  -- What the phone said of itself last: {"storage":…,"unsent":…}.
  told TEXT
) STRICT;
CREATE INDEX devices_of_person ON devices (person_id);
CREATE INDEX devices_by_token ON devices (token_id);

CREATE TABLE field_items (
  item_no INTEGER PRIMARY KEY,
  entry_id TEXT NOT NULL UNIQUE,
  device_id TEXT NOT NULL,
  number INTEGER NOT NULL,
  -- The device it came by, where another one carried it.
  carried_by TEXT,
  person_id TEXT NOT NULL,
  kind TEXT NOT NULL,
  stream TEXT NOT NULL,
  station_id TEXT,
  state TEXT NOT NULL CHECK (state IN ('received', 'held', 'recorded', 'refused')),
  code TEXT,
  -- {"args":…,"waits":…,"clashes":…,"decided":…,"carried_to":…,"receipt":…}
  detail TEXT NOT NULL,
  based_on INTEGER,
  after_id TEXT,
  -- Whether the register tries again by itself.
  is_open INTEGER NOT NULL,
  item_bytes BLOB,
  claimed_at TEXT NOT NULL,
  arrived_at TEXT NOT NULL,
  changed_at TEXT NOT NULL
) STRICT;
CREATE INDEX field_items_open ON field_items (item_no) WHERE is_open = 1;
CREATE INDEX field_items_by_state ON field_items (state, item_no);
CREATE INDEX field_items_of_device ON field_items (device_id, number);
