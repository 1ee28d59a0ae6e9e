-- Keep what a request was answered, in case that the answer is lost and it comes again.
INSERT INTO orchestrator.data_replies (job_id, request_id, replies)
VALUES (%(job_id)s, %(request_id)s, %(replies)s)
