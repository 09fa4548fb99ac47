-- One scan of a job's tree. Results belong to a run, so that starting over and deleting take one
-- short transaction: the old run is marked, and its rows are removed later, in pieces.
CREATE TABLE runs (
  run       INTEGER PRIMARY KEY AUTOINCREMENT,  -- a number is never reused
  abandoned INTEGER NOT NULL DEFAULT 0          -- 1: its rows are being removed
) STRICT;

CREATE INDEX runs_abandoned ON runs (run) WHERE abandoned = 1;

CREATE TABLE jobs (
  id            TEXT NOT NULL PRIMARY KEY,      -- a UUID, version 7: sorts by creation
  kind          TEXT NOT NULL,                  -- 'hash'
  spec          TEXT NOT NULL,                  -- the request, JSON
  owner         TEXT,                           -- tokens.id, or NULL without authentication
  state         TEXT NOT NULL CHECK (state IN ('queued', 'running', 'completed', 'failed', 'cancelled')),
  created_at    TEXT NOT NULL,                  -- RFC 3339, UTC, like all timestamps here
  started_at    TEXT,
  finished_at   TEXT,
  run           INTEGER NOT NULL UNIQUE REFERENCES runs (run),
  row_count     INTEGER NOT NULL DEFAULT 0,     -- results committed, at positions 0 to row_count - 1
  files_done    INTEGER NOT NULL DEFAULT 0,     -- those of them with a digest
  files_failed  INTEGER NOT NULL DEFAULT 0,
  files_skipped INTEGER NOT NULL DEFAULT 0,
  files_total   INTEGER,                        -- known once the walk has ended
  bytes_done    INTEGER NOT NULL DEFAULT 0,
  bytes_total   INTEGER,
  summary       TEXT,                           -- JSON, set when the job ends
  error         TEXT                            -- JSON {code, detail}, set when the job fails
) STRICT, WITHOUT ROWID;

CREATE TABLE directories (
  run  INTEGER NOT NULL REFERENCES runs (run),
  id   INTEGER NOT NULL,
  path BLOB NOT NULL,                           -- relative to the job's path, exact bytes
  PRIMARY KEY (run, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE results (
  run       INTEGER NOT NULL,                   -- jobs.run
  position  INTEGER NOT NULL,                   -- from 0, in walk order, without gaps
  directory INTEGER NOT NULL,                   -- directories.id
  name      BLOB NOT NULL,                      -- exact bytes; empty: the directory itself
  size      INTEGER NOT NULL,
  mtime_ns  INTEGER NOT NULL,                   -- nanoseconds since 1970
  ctime_ns  INTEGER NOT NULL,
  inode     INTEGER NOT NULL,                   -- unsigned 64 bits, stored as signed, like device
  device    INTEGER NOT NULL,
  status    INTEGER NOT NULL,                   -- 0 hashed, 1 error, 2 skipped
  code      TEXT,                               -- why, unless hashed
  errno     INTEGER,                            -- from the operating system, if it gave one
  stability INTEGER,                            -- if hashed: 0 stable, 1 unverified
  digests   BLOB,                               -- concatenated, in the order of spec.algorithms
  PRIMARY KEY (run, position)
) STRICT, WITHOUT ROWID;

-- The few rows without digests; hashed rows do not touch it.
CREATE INDEX results_not_hashed ON results (run, status, position) WHERE status <> 0;

CREATE TABLE tokens (
  id            TEXT NOT NULL PRIMARY KEY,      -- a UUID, version 7; the owner of jobs
  name          TEXT NOT NULL,
  secret_sha256 BLOB NOT NULL UNIQUE,           -- the secret itself is stored nowhere
  scopes        TEXT NOT NULL,                  -- some of 'read,hash,admin'
  created_at    TEXT NOT NULL,
  expires_at    TEXT                            -- NULL: never
) STRICT, WITHOUT ROWID;

-- For people: SELECT * FROM files WHERE job = '...' AND status = 'error';
CREATE VIEW files AS
  SELECT jobs.id AS job,
         results.position,
         CASE results.status WHEN 0 THEN 'hashed' WHEN 1 THEN 'error' ELSE 'skipped' END AS status,
         results.code,
         CAST(directories.path AS TEXT)
           || CASE WHEN length(directories.path) > 0 AND length(results.name) > 0 THEN '/' ELSE '' END
           || CAST(results.name AS TEXT) AS path,
         results.size,
         datetime(results.mtime_ns / 1000000000, 'unixepoch') AS modified_at,
         CASE results.stability WHEN 0 THEN 'stable' WHEN 1 THEN 'unverified' END AS stability,
         json_extract(jobs.spec, '$.algorithms') AS algorithms,
         lower(hex(results.digests)) AS digests
    FROM jobs
    JOIN results ON results.run = jobs.run
    JOIN directories ON directories.run = results.run AND directories.id = results.directory;
