-- Exact times of files that 64 bits of nanoseconds do not hold: mtime, then ctime, each as 16 bytes, big-endian, with the
-- sign bit flipped, so that bytes sort by time. NULL for the others. In a row that has it, mtime_ns and ctime_ns are the
-- nearest that a column holds. Covered by the row's seal where it is not NULL, so rows of older schemas keep theirs;
-- their times out of range are not known.
ALTER TABLE results ADD COLUMN far_times BLOB;

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
         CASE WHEN results.far_times IS NULL THEN datetime(results.mtime_ns / 1000000000, 'unixepoch') END AS modified_at,
         CASE results.stability WHEN 0 THEN 'stable' WHEN 1 THEN 'unverified' END AS stability,
         results.reused,
         json_extract(jobs.spec, '$.algorithms') AS algorithms,
         lower(hex(results.digests)) AS digests
    FROM jobs
    JOIN results ON results.run = jobs.run
    JOIN directories ON directories.run = results.run AND directories.id = results.directory;
