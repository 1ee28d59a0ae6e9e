-- Runs that somebody may have to allow: who may write, as far as it is known, and what became of each such run.

ALTER TABLE repositories
    ADD COLUMN forks text NOT NULL DEFAULT 'ask' CHECK (forks IN ('ask', 'first_timers', 'never', 'without_secrets'));

ALTER TABLE runs
    -- Of a fork's commit, or by somebody who may not write.
    ADD COLUMN is_restricted boolean NOT NULL DEFAULT false,
    -- With whom it shares images, layers and locks; empty: with all that are trusted.
    ADD COLUMN scope text NOT NULL DEFAULT '',
    -- Id that the tree .tisktask must have; empty: any.
    ADD COLUMN approved_tree text NOT NULL DEFAULT '',
    -- When it may go on that had to wait: from here on its time counts; null: from its creation.
    ADD COLUMN released_at timestamptz;

CREATE TABLE vettings (
    run_id text PRIMARY KEY REFERENCES runs ON DELETE CASCADE,
    state text NOT NULL DEFAULT 'inspected' CHECK (
        state IN ('inspected', 'waiting', 'approved', 'declined', 'expired', 'not_needed')
    ),
    -- Why it is restricted, in a sentence.
    why text NOT NULL DEFAULT '',
    -- What the inspection has found.
    programs text[] NOT NULL DEFAULT '{}',
    programs_tree text NOT NULL DEFAULT '',
    changes_programs boolean,
    -- Since when it is to be decided; null: the inspection has not ended.
    inspected_at timestamptz,
    -- Grows with each time that somebody begins to decide: who was too slow changes nothing.
    number bigint NOT NULL DEFAULT 0,
    next_at timestamptz NOT NULL DEFAULT now(),
    held_at timestamptz,
    decided_by text NOT NULL DEFAULT '',
    decided_at timestamptz,
    note text NOT NULL DEFAULT ''
);
CREATE INDEX vettings_to_decide ON vettings (next_at) WHERE state = 'inspected' AND inspected_at IS NOT NULL;
CREATE INDEX vettings_waiting ON vettings (held_at) WHERE state = 'waiting';

-- Only of people who have pushed, whom the forge has confirmed, or of whom a run was approved.
CREATE TABLE known_people (
    repository_id text NOT NULL REFERENCES repositories ON DELETE CASCADE,
    -- In lower case: forges do not tell cases apart.
    login text NOT NULL,
    pushed_at timestamptz,
    -- When the forge has said last that they may write.
    confirmed_at timestamptz,
    -- When a run of theirs was approved first.
    approved_at timestamptz,
    PRIMARY KEY (repository_id, login)
);

-- Comments that may approve a run, until their writers' rights are known.
CREATE TABLE approval_comments (
    trigger_id text PRIMARY KEY REFERENCES triggers ON DELETE CASCADE,
    repository_id text NOT NULL REFERENCES repositories ON DELETE CASCADE,
    pull_request bigint NOT NULL,
    actor text NOT NULL,
    -- The head at that moment; empty: the delivery has not told it.
    sha text NOT NULL,
    command text NOT NULL,
    said_at timestamptz NOT NULL,
    taken_at timestamptz NOT NULL DEFAULT now(),
    number bigint NOT NULL DEFAULT 0,
    next_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX approval_comments_due ON approval_comments (next_at);

CREATE VIEW api.run_trust AS
SELECT
    vetting.run_id, run.is_restricted, vetting.why,
    -- What has ended before somebody decided needs nobody's decision any more.
    CASE
        WHEN run.finished_at IS NOT NULL AND vetting.state IN ('inspected', 'waiting') THEN 'not_needed'
        ELSE vetting.state
    END AS state,
    vetting.programs, vetting.programs_tree, vetting.changes_programs, vetting.held_at, vetting.decided_by,
    vetting.decided_at, vetting.note
FROM vettings AS vetting
JOIN runs AS run ON run.id = vetting.run_id;

CREATE VIEW api.repository_trust AS
SELECT id AS repository_id, forks
FROM orchestrator.repositories
WHERE removed_at IS NULL;
