-- A webhook secret was given by hand: an exchange that is under way is over, and the forge knows neither.
UPDATE orchestrator.hooks
SET next_secret = NULL, secret_number = secret_number + 2, told_number = NULL, retry_at = NULL
WHERE repository_id = %(repository_id)s
