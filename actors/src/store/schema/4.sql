-- Every row of every table carries a seal over the table's name and all of its columns, key included; see `sealed.rs`.
-- First what was sealed before is checked, so that no damage is sealed anew: `checked` fails unless a seal matches.
SELECT count(checked(seal, run, id, path)) FROM directories;
SELECT count(checked(seal,
  position, directory, name, size, mtime_ns, ctime_ns, inode, device, status, code, errno, stability, digests,
  reused, verdict, moved_from, evidence)) FROM results;
SELECT count(checked(seal, path, algorithm, size, mtime_ns, ctime_ns, inode, bytes, state)) FROM checkpoints;
SELECT count(checked(seal, job, body)) FROM manifests;

-- A row must not pass for one of another run.
UPDATE directories SET seal = seal_of('directories', run, id, path);
UPDATE results SET seal = seal_of(
  'results', run, position, directory, name, size, mtime_ns, ctime_ns, inode, device, status, code, errno, stability,
  digests, reused, verdict, moved_from, evidence);

-- The migration ends by sealing the other tables and writing their ledger.
ALTER TABLE jobs ADD COLUMN seal INTEGER NOT NULL DEFAULT 0;
ALTER TABLE tokens ADD COLUMN seal INTEGER NOT NULL DEFAULT 0;
ALTER TABLE requests ADD COLUMN seal INTEGER NOT NULL DEFAULT 0;
ALTER TABLE endings ADD COLUMN seal INTEGER NOT NULL DEFAULT 0;
ALTER TABLE attempts ADD COLUMN seal INTEGER NOT NULL DEFAULT 0;
ALTER TABLE runs ADD COLUMN seal INTEGER NOT NULL DEFAULT 0;

-- How many rows each table has, and the sum of their seals, wrapping at 64 bits: a row that is lost or repeated is
-- noticed.
CREATE TABLE ledger (
  table_name TEXT NOT NULL PRIMARY KEY,
  rows       INTEGER NOT NULL,
  sum        INTEGER NOT NULL,
  seal       INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
