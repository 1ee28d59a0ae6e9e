-- Statuses are forgotten with their run.
CREATE INDEX IF NOT EXISTS statuses_of_run ON statuses (run_id);
