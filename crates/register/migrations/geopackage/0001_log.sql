-- The log and what it needs. Entries and the list of blobs are append-only: triggers refuse everything else.

CREATE TABLE entries (
  seq INTEGER PRIMARY KEY NOT NULL,
  entry_id TEXT NOT NULL,
  stream TEXT NOT NULL,
  version INTEGER NOT NULL,
  kind TEXT NOT NULL,
  occurred_at DATETIME NOT NULL,
  recorded_at DATETIME NOT NULL,
  leaf_hash BLOB NOT NULL,
  canonical TEXT NOT NULL,
  CONSTRAINT entries_seq_not_negative CHECK (seq >= 0),
  CONSTRAINT entries_version_positive CHECK (version >= 1),
  CONSTRAINT entries_leaf_hash_length CHECK (length(leaf_hash) = 32),
  CONSTRAINT entries_entry_id_once UNIQUE (entry_id),
  CONSTRAINT entries_stream_version_once UNIQUE (stream, version)
);

CREATE TRIGGER entries_refuse_update BEFORE UPDATE ON entries
BEGIN
  SELECT RAISE(ABORT, 'entries.append_only');
END;

CREATE TRIGGER entries_refuse_delete BEFORE DELETE ON entries
BEGIN
  SELECT RAISE(ABORT, 'entries.append_only');
END;

-- Without this, INSERT OR REPLACE of another program would delete rows without firing the trigger above.
CREATE TRIGGER entries_refuse_replace BEFORE INSERT ON entries
WHEN EXISTS (SELECT 1 FROM entries WHERE seq = NEW.seq)
  OR EXISTS (SELECT 1 FROM entries WHERE entry_id = NEW.entry_id)
  OR EXISTS (SELECT 1 FROM entries WHERE stream = NEW.stream AND version = NEW.version)
BEGIN
  -- FAIL, not ABORT: one row, and no journal of its own for every statement that appends.
  SELECT RAISE(FAIL, 'entries.append_only');
END;

CREATE TABLE streams (
  stream_id INTEGER PRIMARY KEY NOT NULL,
  stream TEXT NOT NULL,
  version INTEGER NOT NULL,
  CONSTRAINT streams_stream_once UNIQUE (stream)
);

-- Tiles of the RFC 6962 tree; a tile is identified by level * 2^48 + index.
CREATE TABLE log_tiles (
  tile_id INTEGER PRIMARY KEY NOT NULL,
  hashes BLOB NOT NULL,
  CONSTRAINT log_tiles_hashes_length CHECK (length(hashes) BETWEEN 32 AND 8192 AND length(hashes) % 32 = 0)
);

CREATE TABLE checkpoints (
  size INTEGER PRIMARY KEY NOT NULL,
  root_hash BLOB NOT NULL,
  note TEXT NOT NULL,
  CONSTRAINT checkpoints_root_hash_length CHECK (length(root_hash) = 32)
);

CREATE TABLE blobs (
  blob_id INTEGER PRIMARY KEY NOT NULL,
  sha256 TEXT NOT NULL,
  size_bytes INTEGER NOT NULL,
  CONSTRAINT blobs_sha256_form CHECK (length(sha256) = 64 AND sha256 NOT GLOB '*[^0-9a-f]*'),
  CONSTRAINT blobs_size_not_negative CHECK (size_bytes >= 0),
  CONSTRAINT blobs_sha256_once UNIQUE (sha256)
);

CREATE TRIGGER blobs_refuse_update BEFORE UPDATE ON blobs
BEGIN
  SELECT RAISE(ABORT, 'blobs.append_only');
END;

CREATE TRIGGER blobs_refuse_delete BEFORE DELETE ON blobs
BEGIN
  SELECT RAISE(ABORT, 'blobs.append_only');
END;

CREATE TRIGGER blobs_refuse_replace BEFORE INSERT ON blobs
WHEN EXISTS (SELECT 1 FROM blobs WHERE blob_id = NEW.blob_id OR sha256 = NEW.sha256)
BEGIN
  SELECT RAISE(ABORT, 'blobs.append_only');
END;
