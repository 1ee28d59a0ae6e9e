-- Forget what has become of wanted runs long ago; of each schedule the newest stays.
DELETE FROM orchestrator.starts AS start
WHERE start.ended_at < now() - make_interval(secs => %(age_seconds)s)
    AND NOT EXISTS (
        SELECT FROM orchestrator.schedules AS schedule
        WHERE schedule.id = start.schedule_id
            AND start.id = (
                SELECT max(newest.id) FROM orchestrator.starts AS newest WHERE newest.schedule_id = schedule.id
            )
    )
