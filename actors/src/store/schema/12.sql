-- What somebody is to be told: alerts of a collection for one sink, as a range of its events. At most one message of each
-- sink and collection is being sent, and one is being filled.
CREATE TABLE outbox (
  sink        TEXT NOT NULL,                    -- its name in the configuration
  collection  INTEGER NOT NULL REFERENCES collections (number),
  is_claimed  INTEGER NOT NULL,                 -- 1: it was tried, or is about to be, and does not change any more
  id          TEXT NOT NULL UNIQUE,             -- what the receiver tells a repeat by
  first_event INTEGER NOT NULL,                 -- the number of the first event that it tells of
  last_event  INTEGER NOT NULL,                 -- the number of the last one
  alerts      INTEGER NOT NULL,                 -- how many of them are alerts
  files       INTEGER,                          -- how many files the collection had when it was claimed
  queued_at   INTEGER NOT NULL,                 -- microseconds since 1970, like the next two
  tried_at    INTEGER,                          -- when it was tried first; NULL: never
  next_at     INTEGER NOT NULL,                 -- when it is tried next
  attempts    INTEGER NOT NULL,                 -- how many have failed
  seal        INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (sink, collection, is_claimed)
) STRICT, WITHOUT ROWID;

-- How a sink has done for a collection.
CREATE TABLE deliveries (
  sink          TEXT NOT NULL,
  collection    INTEGER NOT NULL REFERENCES collections (number),
  sent_at       INTEGER,                        -- when it took a message last; microseconds since 1970; NULL: never
  failures      INTEGER NOT NULL,               -- how many attempts have failed
  failing_since INTEGER,                        -- since when nobody is told; NULL: it works, or is still being tried
  error         TEXT,                           -- what the last failure was; NULL: it took the last message
  seal          INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (sink, collection)
) STRICT, WITHOUT ROWID;
