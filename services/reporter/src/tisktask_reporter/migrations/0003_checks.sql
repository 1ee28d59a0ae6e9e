-- Repositories with a GitHub App show checks instead of statuses.
ALTER TABLE statuses
    -- Whose place it is; NULL: that of the run as a whole.
    ADD COLUMN job_id text,
    -- How a check ends; empty: it has not.
    ADD COLUMN conclusion text NOT NULL DEFAULT '',
    -- As what the forge was told first: it stays that, for there must not be a status and a check of one name.
    ADD COLUMN told_as text CHECK (told_as IN ('status', 'check')),
    -- The forge's number of the check, and the run that it was made for: another run gets another.
    ADD COLUMN check_id bigint,
    ADD COLUMN check_of text,
    -- How many annotations the check has been given.
    ADD COLUMN annotations_told bigint NOT NULL DEFAULT 0;
UPDATE statuses SET told_as = 'status' WHERE sent_state IS NOT NULL;
