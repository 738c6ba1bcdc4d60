-- The log and what it needs. Entries and the list of blobs are append-only: triggers refuse everything else.
-- Names sort by their bytes (COLLATE "C"), as they do in a GeoPackage, whatever the database was made with.

CREATE TABLE entries (
  seq bigint PRIMARY KEY,
  entry_id text COLLATE "C" NOT NULL,
  stream text COLLATE "C" NOT NULL,
  version bigint NOT NULL,
  kind text COLLATE "C" NOT NULL,
  occurred_at timestamptz NOT NULL,
  recorded_at timestamptz NOT NULL,
  leaf_hash bytea NOT NULL,
  canonical text COLLATE "C" NOT NULL,
  CONSTRAINT entries_seq_not_negative CHECK (seq >= 0),
  CONSTRAINT entries_version_positive CHECK (version >= 1),
  CONSTRAINT entries_leaf_hash_length CHECK (octet_length(leaf_hash) = 32),
  CONSTRAINT entries_entry_id_once UNIQUE (entry_id),
  CONSTRAINT entries_stream_version_once UNIQUE (stream, version)
);

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '%.append_only', TG_TABLE_NAME
    USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = TG_TABLE_NAME || '.append_only';
END
$$;

CREATE TRIGGER entries_refuse_change BEFORE UPDATE OR DELETE ON entries
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER entries_refuse_truncate BEFORE TRUNCATE ON entries
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
-- Also in a session that calls itself a replica.
ALTER TABLE entries ENABLE ALWAYS TRIGGER entries_refuse_change;
ALTER TABLE entries ENABLE ALWAYS TRIGGER entries_refuse_truncate;

CREATE TABLE streams (
  stream text COLLATE "C" NOT NULL,
  version bigint NOT NULL,
  CONSTRAINT streams_stream_once PRIMARY KEY (stream)
);

-- Tiles of the RFC 6962 tree; a tile is identified by level * 2^48 + index.
CREATE TABLE log_tiles (
  tile_id bigint PRIMARY KEY,
  hashes bytea NOT NULL,
  CONSTRAINT log_tiles_hashes_length
    CHECK (octet_length(hashes) BETWEEN 32 AND 8192 AND octet_length(hashes) % 32 = 0)
);

CREATE TABLE checkpoints (
  size bigint PRIMARY KEY,
  root_hash bytea NOT NULL,
  note text COLLATE "C" NOT NULL,
  CONSTRAINT checkpoints_root_hash_length CHECK (octet_length(root_hash) = 32)
);

CREATE TABLE blobs (
  sha256 text COLLATE "C" NOT NULL,
  size_bytes bigint NOT NULL,
  CONSTRAINT blobs_sha256_form CHECK (sha256 ~ '^[0-9a-f]{64}$'),
  CONSTRAINT blobs_size_not_negative CHECK (size_bytes >= 0),
  CONSTRAINT blobs_sha256_once PRIMARY KEY (sha256)
);

CREATE TRIGGER blobs_refuse_change BEFORE UPDATE OR DELETE ON blobs
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER blobs_refuse_truncate BEFORE TRUNCATE ON blobs
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE blobs ENABLE ALWAYS TRIGGER blobs_refuse_change;
ALTER TABLE blobs ENABLE ALWAYS TRIGGER blobs_refuse_truncate;
