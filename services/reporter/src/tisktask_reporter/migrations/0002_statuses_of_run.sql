-- Statuses are forgotten with their run.
CREATE INDEX statuses_of_run ON statuses (run_id);
