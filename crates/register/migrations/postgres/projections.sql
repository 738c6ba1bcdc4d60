-- Copies of what follows from the entries, for lists, maps and other programs. Dropped and made anew by a rebuild.
-- The same tables and columns as in a GeoPackage; tables with a column `geom` are layers that QGIS and GDAL read.

CREATE TABLE sites (
  fid bigint PRIMARY KEY,
  geom geometry(Geometry, 4490),
  site_id text COLLATE "C" NOT NULL,
  site_code text COLLATE "C" NOT NULL,
  facility_name text COLLATE "C",
  state text COLLATE "C" NOT NULL,
  activity_type_code text COLLATE "C",
  activity_subtype text COLLATE "C",
  zone_kind text COLLATE "C",
  zone_flags text COLLATE "C",
  boundary_version text COLLATE "C",
  station_id text COLLATE "C",
  township text COLLATE "C",
  village text COLLATE "C",
  lon double precision,
  lat double precision,
  area_m2 double precision,
  built_on text COLLATE "C",
  owner_name text COLLATE "C",
  current_status text COLLATE "C",
  has_issue text COLLATE "C",
  description text COLLATE "C",
  conclusion text COLLATE "C",
  verified_on date,
  sources text COLLATE "C" NOT NULL,
  external_codes text COLLATE "C" NOT NULL,
  reserve_code text COLLATE "C" NOT NULL,
  campaign_id text COLLATE "C" NOT NULL,
  merged_into text COLLATE "C",
  registered_on date NOT NULL,
  updated_on date NOT NULL,
  last_seq bigint NOT NULL,
  version bigint NOT NULL,
  dossier text COLLATE "C" NOT NULL,
  CONSTRAINT sites_site_id_once UNIQUE (site_id)
);
-- Hashed: a code of any length is found, and none is looked for by its order.
CREATE INDEX sites_by_site_code ON sites USING hash (site_code);
CREATE INDEX sites_by_geom ON sites USING gist (geom);

CREATE TABLE clues (
  fid bigint PRIMARY KEY,
  geom geometry(Geometry, 4490),
  clue_id text COLLATE "C" NOT NULL,
  batch_id text COLLATE "C" NOT NULL,
  source_kind text COLLATE "C" NOT NULL,
  external_code text COLLATE "C",
  state text COLLATE "C" NOT NULL,
  site_id text COLLATE "C",
  site_code text COLLATE "C",
  screened_rule text COLLATE "C",
  screened_seq bigint,
  received_on date NOT NULL,
  facility_name text COLLATE "C",
  summary text COLLATE "C",
  activity_type_code text COLLATE "C",
  activity_text text COLLATE "C",
  change_kind text COLLATE "C",
  area_m2 double precision,
  stated_area_m2 double precision,
  precision_m double precision,
  township text COLLATE "C",
  location_text text COLLATE "C",
  file_name text COLLATE "C" NOT NULL,
  file_row bigint,
  is_confidential boolean NOT NULL,
  CONSTRAINT clues_clue_id_once UNIQUE (clue_id)
);
CREATE INDEX clues_by_geom ON clues USING gist (geom);

CREATE TABLE boundaries (
  fid bigint PRIMARY KEY,
  geom geometry(MultiPolygon, 4490),
  reserve_code text COLLATE "C" NOT NULL,
  boundary_version text COLLATE "C" NOT NULL,
  is_current boolean NOT NULL,
  zoning_scheme text COLLATE "C" NOT NULL,
  approval_document text COLLATE "C",
  valid_from_on date,
  valid_to_on date,
  area_m2 double precision NOT NULL,
  crs_used text COLLATE "C" NOT NULL,
  source_sha256 text COLLATE "C" NOT NULL,
  entry_seq bigint NOT NULL
);
CREATE INDEX boundaries_by_geom ON boundaries USING gist (geom);

CREATE TABLE zones (
  fid bigint PRIMARY KEY,
  geom geometry(MultiPolygon, 4490),
  reserve_code text COLLATE "C" NOT NULL,
  boundary_version text COLLATE "C" NOT NULL,
  is_current boolean NOT NULL,
  zone_id text COLLATE "C" NOT NULL,
  zone_kind text COLLATE "C" NOT NULL,
  name text COLLATE "C",
  area_m2 double precision NOT NULL,
  stated_area_ha double precision,
  entry_seq bigint NOT NULL
);
CREATE INDEX zones_by_geom ON zones USING gist (geom);

CREATE TABLE stations (
  fid bigint PRIMARY KEY,
  geom geometry(MultiPolygon, 4490),
  reserve_code text COLLATE "C" NOT NULL,
  stations_version text COLLATE "C" NOT NULL,
  is_current boolean NOT NULL,
  station_id text COLLATE "C" NOT NULL,
  name text COLLATE "C" NOT NULL,
  area_m2 double precision NOT NULL,
  entry_seq bigint NOT NULL
);
CREATE INDEX stations_by_geom ON stations USING gist (geom);

CREATE TABLE routes (
  fid bigint PRIMARY KEY,
  geom geometry(MultiLineString, 4490),
  reserve_code text COLLATE "C" NOT NULL,
  routes_version text COLLATE "C" NOT NULL,
  is_current boolean NOT NULL,
  route_id text COLLATE "C" NOT NULL,
  name text COLLATE "C" NOT NULL,
  station_id text COLLATE "C",
  length_m double precision NOT NULL,
  entry_seq bigint NOT NULL
);
CREATE INDEX routes_by_geom ON routes USING gist (geom);

CREATE TABLE clue_batches (
  fid bigint PRIMARY KEY,
  batch_id text COLLATE "C" NOT NULL,
  import_kind text COLLATE "C" NOT NULL,
  source_kind text COLLATE "C",
  file_name text COLLATE "C" NOT NULL,
  sha256 text COLLATE "C" NOT NULL,
  size_bytes bigint NOT NULL,
  sender text COLLATE "C",
  document_number text COLLATE "C",
  received_on date NOT NULL,
  rows_read bigint NOT NULL,
  rows_taken bigint NOT NULL,
  rows_refused bigint NOT NULL
);
CREATE INDEX clue_batches_by_sha256 ON clue_batches USING hash (sha256);

CREATE TABLE permits (
  fid bigint PRIMARY KEY,
  site_id text COLLATE "C" NOT NULL,
  permit_kind text COLLATE "C" NOT NULL,
  document_number text COLLATE "C",
  issuer text COLLATE "C",
  issued_on text COLLATE "C",
  valid_to_on text COLLATE "C",
  holder text COLLATE "C",
  area_m2 double precision,
  is_absent boolean NOT NULL,
  note text COLLATE "C"
);

CREATE TABLE carried_over_issues (
  fid bigint PRIMARY KEY,
  site_id text COLLATE "C" NOT NULL,
  source_kind text COLLATE "C" NOT NULL,
  external_code text COLLATE "C",
  description text COLLATE "C",
  measures text COLLATE "C",
  responsible_unit text COLLATE "C",
  due_on text COLLATE "C",
  progress text COLLATE "C"
);

CREATE TABLE patrols (
  fid bigint PRIMARY KEY,
  patrol_id text COLLATE "C" NOT NULL,
  reserve_code text COLLATE "C" NOT NULL,
  station_id text COLLATE "C" NOT NULL,
  kind text COLLATE "C" NOT NULL,
  route_id text COLLATE "C",
  started_at text COLLATE "C" NOT NULL,
  ended_at text COLLATE "C" NOT NULL,
  leader text COLLATE "C" NOT NULL,
  head_count bigint NOT NULL,
  length_m double precision NOT NULL,
  moving_s bigint NOT NULL,
  findings bigint NOT NULL,
  conclusion text COLLATE "C" NOT NULL,
  review text COLLATE "C",
  source text COLLATE "C"
);

CREATE TABLE tracks (
  fid bigint PRIMARY KEY,
  geom geometry(MultiLineString, 4490),
  track_id text COLLATE "C" NOT NULL,
  patrol_id text COLLATE "C" NOT NULL,
  station_id text COLLATE "C",
  started_at text COLLATE "C",
  ended_at text COLLATE "C",
  length_m double precision NOT NULL,
  gap_s bigint NOT NULL,
  fixes_distinct bigint NOT NULL,
  fingerprint text COLLATE "C" NOT NULL
);
CREATE INDEX tracks_by_geom ON tracks USING gist (geom);
