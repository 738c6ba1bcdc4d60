-- Phones, what they sent that is not in the log yet, and what became of it. Which phone is whose is personal data.
CREATE TABLE devices (
  device_id TEXT PRIMARY KEY NOT NULL,
  -- Stays when the person goes: what the phone sent is still judged by its key and its lock.
  person_id TEXT NOT NULL,
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
  -- How often it could not be appended, and when it is tried again; when it was looked at last among too many (all in seconds).
  tries INTEGER NOT NULL DEFAULT 0,
  next_try_s INTEGER,
  tried_s INTEGER,
  item_bytes BLOB,
  claimed_at TEXT NOT NULL,
  arrived_at TEXT NOT NULL,
  changed_at TEXT NOT NULL
) STRICT;
CREATE INDEX field_items_open ON field_items (state, tried_s, item_no) WHERE is_open = 1;
CREATE INDEX field_items_open_of_device ON field_items (device_id, tried_s, item_no) WHERE is_open = 1;
CREATE INDEX field_items_open_of_stream ON field_items (stream) WHERE is_open = 1;
CREATE INDEX field_items_awaiting_files ON field_items (tried_s, item_no) WHERE is_open = 1 AND code = 'field.awaits_blobs';
CREATE INDEX field_items_by_state ON field_items (state, item_no);
CREATE INDEX field_items_of_device ON field_items (device_id, number);
CREATE INDEX field_items_changed ON field_items (device_id, changed_at);
CREATE INDEX field_items_arrived ON field_items (arrived_at);
CREATE INDEX field_items_erasable ON field_items (changed_at) WHERE state = 'recorded' AND item_bytes IS NOT NULL;

-- Who brought which file: nobody's entry names a file that only others brought.
CREATE TABLE field_files (
  sha256 TEXT NOT NULL,
  person_id TEXT NOT NULL,
  size_bytes INTEGER NOT NULL,
  arrived_at TEXT NOT NULL,
  PRIMARY KEY (sha256, person_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX field_files_of_person ON field_files (person_id, arrived_at);
