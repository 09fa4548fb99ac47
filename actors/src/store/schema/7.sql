-- Sessions of the web page. They outlive the service, and none outlives its token.
CREATE TABLE sessions (
  id            TEXT NOT NULL PRIMARY KEY,      -- a UUID, version 7
  secret_sha256 BLOB NOT NULL UNIQUE,           -- the secret itself is stored nowhere
  token         TEXT REFERENCES tokens (id) ON DELETE CASCADE,  -- NULL: opened with a sign-in link
  created_at    TEXT NOT NULL,                  -- whole seconds, like ends_at, so that texts sort by time
  ends_at       TEXT NOT NULL,                  -- moved on while the session is used
  seal          INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

CREATE INDEX sessions_token ON sessions (token);

-- Tells this state from every other one on the same host. One row.
CREATE TABLE state (
  id   TEXT NOT NULL PRIMARY KEY,               -- 16 hex digits, random
  seal INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

INSERT INTO state (id) SELECT lower(hex(randomblob(8)));
