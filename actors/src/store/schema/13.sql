-- The chaining values of the BLAKE3 pieces of files from 4 MiB on, which tell where a file is damaged. They belong to the
-- content that the file should have if they merge to its digest, and are nothing otherwise.
CREATE TABLE collection_pieces (
  collection INTEGER NOT NULL REFERENCES collections (number),
  path       BLOB NOT NULL,                     -- as in collection_files
  size       INTEGER NOT NULL,                  -- of the content, bytes
  pieces     BLOB NOT NULL,                     -- 32 bytes a piece, end to end
  seal       INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (collection, path)
) STRICT, WITHOUT ROWID;
