-- Durable jobs. Every row carries a checksum in the column `seal`: the first 8 bytes of a BLAKE3 over its other
-- columns. It is checked when the row is read, so that a flipped byte is an error and never a digest. See
-- `row_checksum.rs`.
ALTER TABLE directories ADD COLUMN seal INTEGER NOT NULL DEFAULT 0;
ALTER TABLE results ADD COLUMN reused INTEGER;     -- 1: taken from an earlier job, not read
ALTER TABLE results ADD COLUMN verdict INTEGER;    -- of verify jobs
ALTER TABLE results ADD COLUMN moved_from BLOB;    -- for the verdict 'moved': its former path
ALTER TABLE results ADD COLUMN evidence TEXT;      -- the evidence for the verdict
ALTER TABLE results ADD COLUMN seal INTEGER NOT NULL DEFAULT 0;

ALTER TABLE jobs ADD COLUMN former_run INTEGER REFERENCES runs (run); -- unchanged files are taken from there
ALTER TABLE jobs ADD COLUMN elapsed_ms INTEGER NOT NULL DEFAULT 0;    -- working time, over all starts
ALTER TABLE jobs ADD COLUMN ended INTEGER;                            -- its number among the ended jobs, from 1
ALTER TABLE jobs ADD COLUMN indexed INTEGER NOT NULL DEFAULT 0;       -- 1: its sort index is complete

CREATE UNIQUE INDEX jobs_ended ON jobs (ended) WHERE ended IS NOT NULL;

-- The sort index: results of an ended job in other orders than the walk's.
CREATE TABLE orders (
  run      INTEGER NOT NULL,
  by       INTEGER NOT NULL,                    -- 1 size, 2 mtime_ns, 16 + n: the n-th algorithm's digest
  rank     INTEGER NOT NULL,                    -- from 0, without gaps
  position INTEGER NOT NULL,                    -- results.position
  status   INTEGER NOT NULL,                    -- results.status
  PRIMARY KEY (run, by, rank)
) STRICT, WITHOUT ROWID;

-- How far one digest of a large file has got: continued after a restart if the file is unchanged.
CREATE TABLE checkpoints (
  run       INTEGER NOT NULL,
  path      BLOB NOT NULL,                      -- relative to the job's path
  algorithm TEXT NOT NULL,
  size      INTEGER NOT NULL,
  mtime_ns  INTEGER NOT NULL,
  ctime_ns  INTEGER NOT NULL,
  inode     INTEGER NOT NULL,
  bytes     INTEGER NOT NULL,                   -- digested from the start of the file
  state     BLOB NOT NULL,                      -- the digest's running state
  seal      INTEGER NOT NULL,
  PRIMARY KEY (run, path, algorithm)
) STRICT, WITHOUT ROWID;

-- Files that were being read when the process died.
CREATE TABLE attempts (
  job    TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
  path   BLOB NOT NULL,
  bytes  INTEGER NOT NULL,                      -- the offset in the file
  deaths INTEGER NOT NULL,
  PRIMARY KEY (job, path, bytes)
) STRICT, WITHOUT ROWID;

-- Requests with an Idempotency-Key, kept for 24 hours.
CREATE TABLE requests (
  owner      TEXT NOT NULL,                     -- tokens.id, or '' without authentication
  key        TEXT NOT NULL,
  asked      BLOB NOT NULL,                     -- BLAKE3 of the request
  job        TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
  created_at TEXT NOT NULL,
  PRIMARY KEY (owner, key)
) STRICT, WITHOUT ROWID;

CREATE INDEX requests_by_age ON requests (created_at);

-- The manifests of verify jobs, as they were sent.
CREATE TABLE manifests (
  job  TEXT NOT NULL PRIMARY KEY REFERENCES jobs (id) ON DELETE CASCADE,
  body BLOB NOT NULL
) STRICT;

UPDATE directories SET seal = seal_of(run, id, path);
UPDATE results SET seal = seal_of(
  position, directory, name, size, mtime_ns, ctime_ns, inode, device, status, code, errno, stability, digests,
  reused, verdict, moved_from, evidence);

DROP VIEW files;

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
         results.reused,
         json_extract(jobs.spec, '$.algorithms') AS algorithms,
         lower(hex(results.digests)) AS digests
    FROM jobs
    JOIN results ON results.run = jobs.run
    JOIN directories ON directories.run = results.run AND directories.id = results.directory;
