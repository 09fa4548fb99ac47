-- Ended jobs are numbered, and the number is the id of the service's event: no number is used twice, whatever is
-- deleted meanwhile.
CREATE TABLE endings (
  last INTEGER NOT NULL                         -- the number of the latest job to end; one row
) STRICT;

-- Jobs that ended before numbering began come first. No client has seen a number yet.
DROP INDEX jobs_ended;
UPDATE jobs SET ended = counted.number
  FROM (SELECT id, row_number() OVER (ORDER BY ended NULLS FIRST, finished_at, id) AS number
          FROM jobs WHERE state IN ('completed', 'failed', 'cancelled')) AS counted
 WHERE jobs.id = counted.id;
CREATE UNIQUE INDEX jobs_ended ON jobs (ended) WHERE ended IS NOT NULL;
INSERT INTO endings SELECT coalesce(max(ended), 0) FROM jobs;

-- A flipped byte in a manifest would lead to a wrong verdict.
ALTER TABLE manifests ADD COLUMN seal INTEGER NOT NULL DEFAULT 0;
UPDATE manifests SET seal = seal_of(job, body);
