-- What the service knows of its roots.
CREATE TABLE roots (
  name           TEXT NOT NULL PRIMARY KEY,
  path           BLOB NOT NULL,                 -- as it was given, absolute, exact bytes
  device         INTEGER NOT NULL,              -- of the directory that was there first, or was accepted since
  inode          INTEGER NOT NULL,              -- unsigned 64 bits, stored as signed, like device
  filesystem     INTEGER NOT NULL,              -- f_fsid, or 0
  accepted_empty INTEGER NOT NULL,              -- 1: it was accepted although it was empty
  seal           INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

-- The directory that an unfinished job has begun on: it goes on there or nowhere.
CREATE TABLE job_roots (
  job        TEXT NOT NULL PRIMARY KEY REFERENCES jobs (id) ON DELETE CASCADE,
  device     INTEGER NOT NULL,
  inode      INTEGER NOT NULL,
  filesystem INTEGER NOT NULL,
  seal       INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
