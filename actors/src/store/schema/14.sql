-- The latest runs of each collection, as they began and ended.
CREATE TABLE collection_runs (
  collection INTEGER NOT NULL REFERENCES collections (number),
  id         TEXT NOT NULL,                     -- a UUID of version 7, so that ids sort by time
  has_ended  INTEGER NOT NULL,                  -- 0: its process has not told its end
  body       TEXT NOT NULL,                     -- JSON
  seal       INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (collection, id)
) STRICT, WITHOUT ROWID;
