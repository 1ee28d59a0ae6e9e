-- A delivery that does not tell its commit waits like a run that a person wants, as it came; null: it was no delivery.

ALTER TABLE starts ADD COLUMN trigger jsonb;
