-- Who may come in. Nothing here is an entry: names, logins and what people looked at must be erasable.
CREATE TABLE people (
  person_id TEXT PRIMARY KEY NOT NULL,
  login TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  password_hash TEXT NOT NULL,
  must_change_password INTEGER NOT NULL DEFAULT 1,
  is_active INTEGER NOT NULL DEFAULT 1,
  totp_secret TEXT,
  has_totp INTEGER NOT NULL DEFAULT 0,
  totp_last_step INTEGER NOT NULL DEFAULT 0,
  created_at TEXT NOT NULL
) STRICT;

CREATE TABLE posts (
  post_id INTEGER PRIMARY KEY,
  person_id TEXT NOT NULL REFERENCES people (person_id) ON DELETE CASCADE,
  role TEXT NOT NULL,
  station_id TEXT,
  from_on TEXT NOT NULL,
  to_on TEXT
) STRICT;
CREATE INDEX posts_of_person ON posts (person_id);

-- Of a token only its SHA-256 is kept.
CREATE TABLE sessions (
  token_sha256 TEXT PRIMARY KEY NOT NULL,
  person_id TEXT NOT NULL REFERENCES people (person_id) ON DELETE CASCADE,
  post_id INTEGER,
  csrf_token TEXT NOT NULL,
  created_at TEXT NOT NULL,
  seen_at TEXT NOT NULL,
  expires_at TEXT NOT NULL,
  address TEXT NOT NULL,
  agent TEXT NOT NULL
) STRICT;
CREATE INDEX sessions_of_person ON sessions (person_id);

CREATE TABLE tokens (
  token_id TEXT PRIMARY KEY NOT NULL,
  token_sha256 TEXT NOT NULL UNIQUE,
  person_id TEXT NOT NULL REFERENCES people (person_id) ON DELETE CASCADE,
  post_id INTEGER NOT NULL,
  name TEXT NOT NULL,
  scope TEXT NOT NULL,
  expires_on TEXT NOT NULL,
  created_at TEXT NOT NULL
) STRICT;
CREATE INDEX tokens_of_person ON tokens (person_id);

CREATE TABLE attempts (
  subject TEXT PRIMARY KEY NOT NULL,
  failures INTEGER NOT NULL,
  failed_at TEXT NOT NULL,
  locked_until TEXT NOT NULL
) STRICT;

CREATE TABLE setup (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  code_sha256 TEXT NOT NULL
) STRICT;

CREATE TABLE access_log (
  id INTEGER PRIMARY KEY,
  at TEXT NOT NULL,
  person_id TEXT,
  post TEXT NOT NULL,
  action TEXT NOT NULL,
  object TEXT NOT NULL,
  address TEXT NOT NULL,
  request_id TEXT NOT NULL
) STRICT;
CREATE INDEX access_log_by_time ON access_log (at);
