-- Commits are numbered, so that a lost one is noticed. One row; see `commit_number.rs`.
CREATE TABLE commits (
  number INTEGER NOT NULL,                      -- counts up by one with every commit
  chain  BLOB NOT NULL,                         -- BLAKE3 of the former chain, the number and 16 random bytes
  state  BLOB NOT NULL,                         -- 16 random bytes: the id of this store, as its journal has it
  seal   INTEGER NOT NULL                       -- of the table's name and the other columns
) STRICT;
