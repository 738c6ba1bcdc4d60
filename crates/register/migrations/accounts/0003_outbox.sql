-- What was told to people outside the program, and what is still to be told. Addresses are personal data, so it lies here.
CREATE TABLE outbox (
  notice_id INTEGER PRIMARY KEY,
  -- Civil day in China that it is of.
  day TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('digest', 'test')),
  channel TEXT NOT NULL CHECK (channel IN ('mail', 'webhook')),
  -- Address of the mail, name of the webhook; never an address that holds a key.
  recipient TEXT NOT NULL,
  login TEXT NOT NULL,
  content TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('queued', 'sent', 'failed', 'nothing')),
  attempts INTEGER NOT NULL DEFAULT 0,
  -- Code of what went wrong last, and what the other side said.
  last_error TEXT,
  last_cause TEXT,
  queued_at TEXT NOT NULL,
  -- Not tried before this instant, as seconds since 1970.
  next_at_s INTEGER NOT NULL,
  ended_at TEXT
) STRICT;
-- One digest a day for each recipient, however often the program starts and however many look after one folder.
CREATE UNIQUE INDEX outbox_once_a_day ON outbox (day, channel, recipient, login) WHERE kind = 'digest';
CREATE INDEX outbox_waiting ON outbox (next_at_s) WHERE state = 'queued';
