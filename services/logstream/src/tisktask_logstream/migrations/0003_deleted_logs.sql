-- Logs that were deleted before their run: their files go after it is noted here.
ALTER TABLE logs
    ADD COLUMN deleted_at timestamptz,
    ADD COLUMN has_files boolean NOT NULL DEFAULT true;
CREATE INDEX logs_half_deleted ON logs (job) WHERE deleted_at IS NOT NULL AND has_files;
