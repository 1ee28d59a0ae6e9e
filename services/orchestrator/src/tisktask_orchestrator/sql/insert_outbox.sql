-- Put messages in the outbox and wake the relay when this is committed.
WITH added AS (
    INSERT INTO orchestrator.outbox (lane, subject, message_id, data)
    SELECT given.lane, given.subject, given.message_id, given.data
    FROM unnest(%(lanes)s::text[], %(subjects)s::text[], %(message_ids)s::text[], %(data)s::bytea[])
        WITH ORDINALITY AS given (lane, subject, message_id, data, place)
    ORDER BY given.place
)
SELECT pg_notify('tisktask_outbox', '')
