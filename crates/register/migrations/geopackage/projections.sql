-- Copies of what follows from the entries, for lists, maps and other programs. Dropped and made anew by a rebuild.
-- Tables with a column `geom` become layers: see geopackage/schema.rs.

CREATE TABLE sites (
  fid INTEGER PRIMARY KEY NOT NULL,
  geom GEOMETRY,
  site_id TEXT NOT NULL,
  site_code TEXT NOT NULL,
  facility_name TEXT,
  state TEXT NOT NULL,
  activity_type_code TEXT,
  activity_subtype TEXT,
  zone_kind TEXT,
  zone_flags TEXT,
  boundary_version TEXT,
  station_id TEXT,
  township TEXT,
  village TEXT,
  lon DOUBLE,
  lat DOUBLE,
  area_m2 DOUBLE,
  built_on TEXT,
  owner_name TEXT,
  current_status TEXT,
  has_issue TEXT,
  description TEXT,
  conclusion TEXT,
  verified_on DATE,
  sources TEXT NOT NULL,
  external_codes TEXT NOT NULL,
  reserve_code TEXT NOT NULL,
  campaign_id TEXT NOT NULL,
  merged_into TEXT,
  registered_on DATE NOT NULL,
  updated_on DATE NOT NULL,
  last_seq INTEGER NOT NULL,
  version INTEGER NOT NULL,
  dossier TEXT NOT NULL,
  CONSTRAINT sites_site_id_once UNIQUE (site_id)
);
CREATE INDEX sites_by_site_code ON sites (site_code);

CREATE TABLE clues (
  fid INTEGER PRIMARY KEY NOT NULL,
  geom GEOMETRY,
  clue_id TEXT NOT NULL,
  batch_id TEXT NOT NULL,
  source_kind TEXT NOT NULL,
  external_code TEXT,
  state TEXT NOT NULL,
  site_id TEXT,
  site_code TEXT,
  screened_rule TEXT,
  screened_seq INTEGER,
  received_on DATE NOT NULL,
  facility_name TEXT,
  summary TEXT,
  activity_type_code TEXT,
  activity_text TEXT,
  change_kind TEXT,
  area_m2 DOUBLE,
  stated_area_m2 DOUBLE,
  precision_m DOUBLE,
  township TEXT,
  location_text TEXT,
  file_name TEXT NOT NULL,
  file_row INTEGER,
  is_confidential BOOLEAN NOT NULL,
  CONSTRAINT clues_clue_id_once UNIQUE (clue_id)
);

CREATE TABLE boundaries (
  fid INTEGER PRIMARY KEY NOT NULL,
  geom MULTIPOLYGON,
  reserve_code TEXT NOT NULL,
  boundary_version TEXT NOT NULL,
  is_current BOOLEAN NOT NULL,
  zoning_scheme TEXT NOT NULL,
  approval_document TEXT,
  valid_from_on DATE,
  valid_to_on DATE,
  area_m2 DOUBLE NOT NULL,
  crs_used TEXT NOT NULL,
  source_sha256 TEXT NOT NULL,
  entry_seq INTEGER NOT NULL
);

CREATE TABLE zones (
  fid INTEGER PRIMARY KEY NOT NULL,
  geom MULTIPOLYGON,
  reserve_code TEXT NOT NULL,
  boundary_version TEXT NOT NULL,
  is_current BOOLEAN NOT NULL,
  zone_id TEXT NOT NULL,
  zone_kind TEXT NOT NULL,
  name TEXT,
  area_m2 DOUBLE NOT NULL,
  stated_area_ha DOUBLE,
  entry_seq INTEGER NOT NULL
);

CREATE TABLE stations (
  fid INTEGER PRIMARY KEY NOT NULL,
  geom MULTIPOLYGON,
  reserve_code TEXT NOT NULL,
  stations_version TEXT NOT NULL,
  is_current BOOLEAN NOT NULL,
  station_id TEXT NOT NULL,
  name TEXT NOT NULL,
  area_m2 DOUBLE NOT NULL,
  entry_seq INTEGER NOT NULL
);

CREATE TABLE routes (
  fid INTEGER PRIMARY KEY NOT NULL,
  geom MULTILINESTRING,
  reserve_code TEXT NOT NULL,
  routes_version TEXT NOT NULL,
  is_current BOOLEAN NOT NULL,
  route_id TEXT NOT NULL,
  name TEXT NOT NULL,
  station_id TEXT,
  length_m DOUBLE NOT NULL,
  entry_seq INTEGER NOT NULL
);

CREATE TABLE clue_batches (
  fid INTEGER PRIMARY KEY NOT NULL,
  batch_id TEXT NOT NULL,
  import_kind TEXT NOT NULL,
  source_kind TEXT,
  file_name TEXT NOT NULL,
  sha256 TEXT NOT NULL,
  size_bytes INTEGER NOT NULL,
  sender TEXT,
  document_number TEXT,
  received_on DATE NOT NULL,
  rows_read INTEGER NOT NULL,
  rows_taken INTEGER NOT NULL,
  rows_refused INTEGER NOT NULL
);
CREATE INDEX clue_batches_by_sha256 ON clue_batches (sha256);

CREATE TABLE permits (
  fid INTEGER PRIMARY KEY NOT NULL,
  site_id TEXT NOT NULL,
  permit_kind TEXT NOT NULL,
  document_number TEXT,
  issuer TEXT,
  issued_on TEXT,
  valid_to_on TEXT,
  holder TEXT,
  area_m2 DOUBLE,
  is_absent BOOLEAN NOT NULL,
  note TEXT
);

CREATE TABLE carried_over_issues (
  fid INTEGER PRIMARY KEY NOT NULL,
  site_id TEXT NOT NULL,
  source_kind TEXT NOT NULL,
  external_code TEXT,
  description TEXT,
  measures TEXT,
  responsible_unit TEXT,
  due_on TEXT,
  progress TEXT
);

CREATE TABLE patrols (
  fid INTEGER PRIMARY KEY NOT NULL,
  patrol_id TEXT NOT NULL,
  reserve_code TEXT NOT NULL,
  station_id TEXT NOT NULL,
  kind TEXT NOT NULL,
  route_id TEXT,
  started_at TEXT NOT NULL,
  ended_at TEXT NOT NULL,
  leader TEXT NOT NULL,
  head_count INTEGER NOT NULL,
  length_m DOUBLE NOT NULL,
  moving_s INTEGER NOT NULL,
  findings INTEGER NOT NULL,
  conclusion TEXT NOT NULL,
  review TEXT,
  source TEXT
);

CREATE TABLE tracks (
  fid INTEGER PRIMARY KEY NOT NULL,
  geom MULTILINESTRING,
  track_id TEXT NOT NULL,
  patrol_id TEXT NOT NULL,
  station_id TEXT,
  started_at TEXT,
  ended_at TEXT,
  length_m DOUBLE NOT NULL,
  gap_s INTEGER NOT NULL,
  fixes_distinct INTEGER NOT NULL,
  fingerprint TEXT NOT NULL
);
