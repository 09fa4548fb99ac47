-- The sort index in sealed pieces, so that a position in it is never lost, repeated or changed unnoticed. It is built
-- anew from the results.
DROP TABLE orders;

CREATE TABLE order_pieces (
  run     INTEGER NOT NULL,
  by      INTEGER NOT NULL,                     -- 1 size, 2 mtime_ns, 16 + n: the n-th algorithm's digest
  piece   INTEGER NOT NULL,                     -- from 0, without gaps; every piece but the last has 240 ranks
  entries BLOB NOT NULL,                        -- of 8 bytes, little endian: 4 * results.position + results.status
  seal    INTEGER NOT NULL,
  PRIMARY KEY (run, by, piece)
) STRICT, WITHOUT ROWID;

UPDATE jobs SET indexed = 0;
