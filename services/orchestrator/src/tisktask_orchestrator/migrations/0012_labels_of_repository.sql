-- Jobs that ask for labels are looked for whenever a job of their repository ends, if it has a limit.

CREATE INDEX jobs_with_labels_of_repository ON jobs (repository_id) WHERE finished_at IS NULL AND labels <> '{}';
