-- A pull request's comment is a place like a commit's status: `sha` is then `pull/<number>`.
ALTER TABLE statuses DROP CONSTRAINT statuses_told_as_check;
ALTER TABLE statuses ADD CONSTRAINT statuses_told_as_check CHECK (told_as IN ('status', 'check', 'comment'));
