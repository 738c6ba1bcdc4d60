-- What a person keeps for themselves, such as saved views; a document of the browser's own.
CREATE TABLE person_settings (
  person_id TEXT PRIMARY KEY NOT NULL REFERENCES people (person_id) ON DELETE CASCADE,
  settings TEXT NOT NULL
) STRICT;
