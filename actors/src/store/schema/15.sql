-- The sort index with the paths of the results, by = 3, so that a search does not read every row. A piece has the paths of
-- 1,024 consecutive positions (path_index.rs has its form). It is built anew from the results.
UPDATE jobs SET indexed = 0;
