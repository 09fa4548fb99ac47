-- Collections: directories whose files are looked at again and again.
CREATE TABLE collections (
  number     INTEGER NOT NULL PRIMARY KEY,      -- what its files and events name it by
  id         TEXT NOT NULL UNIQUE,              -- what others name it by
  directory  BLOB NOT NULL,                     -- its absolute path without links
  settings   TEXT NOT NULL,                     -- JSON
  created_at TEXT NOT NULL,
  device     INTEGER,                           -- of its directory when it was looked at first; NULL: never
  inode      INTEGER,                           -- unsigned 64 bits, stored as signed, like device
  filesystem INTEGER,                           -- f_fsid, or 0
  passes     INTEGER NOT NULL,                  -- how many times everything that was due was read
  pass_began INTEGER,                           -- microseconds since 1970, like the next one; NULL: no pass is under way
  last_run   INTEGER,                           -- when the last run began that came to its end; NULL: none did
  is_deleted INTEGER NOT NULL,                  -- 1: its files and events are being removed
  seal       INTEGER NOT NULL DEFAULT 0
) STRICT;

-- What is known of each file. A path has a zero byte for each `/`, so that bytes sort in walk order.
CREATE TABLE collection_files (
  collection  INTEGER NOT NULL REFERENCES collections (number),
  path        BLOB NOT NULL,
  condition   INTEGER NOT NULL,                 -- 1 ok, 2 new, 3 modified, 4 moved, 5 missing, 6 suspected rot,
                                                -- 7 unreadable, 8 reads disagree
  size        INTEGER,                          -- of the content that it should have, like the next five; NULL: unknown
  mtime_ns    INTEGER,
  ctime_ns    INTEGER,
  far_times   BLOB,                             -- as in results
  inode       INTEGER,
  stability   INTEGER,                          -- 0 stable, 1 unverified
  digests     BLOB,                             -- of the collection's algorithms, end to end
  found       TEXT,                             -- JSON: the content that it has instead
  first_seen  INTEGER NOT NULL,                 -- microseconds since 1970, like the next two
  since       INTEGER NOT NULL,                 -- when the content that it should have was first seen
  verified_at INTEGER,                          -- the last full read that found it; NULL: none
  seal        INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (collection, path)
) STRICT, WITHOUT ROWID;

-- Every change of what is known of a file, for ever. Never changed.
CREATE TABLE collection_events (
  collection INTEGER NOT NULL REFERENCES collections (number),
  n          INTEGER NOT NULL,                  -- from 1 on, without gaps
  at         INTEGER NOT NULL,                  -- microseconds since 1970
  path       BLOB NOT NULL,                     -- as in collection_files
  kind       INTEGER NOT NULL,                  -- 1 new, 2 modified, 3 moved, 4 missing, 5 touched, 6 suspected rot,
                                                -- 7 unreadable, 8 reads disagree, 9 restored, 10 accepted
  body       TEXT NOT NULL,                     -- JSON: what was known before and after, and what it rests on
  job        TEXT,                              -- the job that saw it; NULL: a command did
  seal       INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (collection, n)
) STRICT, WITHOUT ROWID;
