-- Finds the newest job on a directory or a file: by the name of its root, and by its path, with `p` in front of the
-- readable form or `b` in front of the exact bytes in base64. A damaged spec is neither.
CREATE INDEX jobs_by_place ON jobs (
  (CASE WHEN json_valid(spec) THEN json_extract(spec, '$.root') END),
  (CASE WHEN json_valid(spec)
        THEN coalesce('b' || json_extract(spec, '$.path_b64'), 'p' || coalesce(json_extract(spec, '$.path'), '')) END),
  id,
  owner
);
