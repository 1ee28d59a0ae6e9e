-- What deliveries of forges tell besides commits: the forge's own number of a repository, by which it is found again after
-- it was renamed. Only unique per forge, and of those there may be several.

ALTER TABLE repositories ADD COLUMN external_id bigint CHECK (external_id > 0);
