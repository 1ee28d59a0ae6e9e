-- Put a run's events in the outbox with the revision that they have brought it to; the relay is woken by the commit.
WITH counted AS (
    UPDATE orchestrator.runs
    SET revision = %(revision)s
    WHERE id = %(run_id)s
), added AS (
    INSERT INTO orchestrator.outbox (lane, subject, message_id, data)
    SELECT %(lane)s, given.subject, given.message_id, given.data
    FROM unnest(%(subjects)s::text[], %(message_ids)s::text[], %(data)s::bytea[])
        WITH ORDINALITY AS given (subject, message_id, data, place)
    ORDER BY given.place
)
SELECT pg_notify('tisktask_outbox', '')
