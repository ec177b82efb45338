CREATE TABLE runs AS
SELECT
    stage,
    stage_number,
    batch,
    (figures ->> '$.rows_in')::BIGINT AS rows_in,
    rows_kept,
    rows_rejected,
    (figures ->> '$.seconds')::DOUBLE AS seconds,
    (figures ->> '$.reused')::BIGINT AS reused,
    written_at,
    content_key,
    figures
FROM current_partitions;

COMMENT ON TABLE runs IS 'One row per stage and batch: what the run that wrote its current rows reported.';
COMMENT ON COLUMN runs.stage IS 'Asset';
COMMENT ON COLUMN runs.stage_number IS 'Order of the stages, from 0';
COMMENT ON COLUMN runs.batch IS 'Seed batch, `all` where the asset has no batches';
COMMENT ON COLUMN runs.rows_in IS 'Rows that came in; null where the stage did not say';
COMMENT ON COLUMN runs.rows_kept IS 'Rows that it wrote';
COMMENT ON COLUMN runs.rows_rejected IS 'Rows that it kept back, with a reason (rejected_rows)';
COMMENT ON COLUMN runs.seconds IS 'Wall time, seconds';
COMMENT ON COLUMN runs.reused IS 'Rows taken over from the version before because nothing they depend on had changed';
COMMENT ON COLUMN runs.written_at IS 'When the rows were written';
COMMENT ON COLUMN runs.content_key IS 'Hash of everything that the rows depend on';
COMMENT ON COLUMN runs.figures IS 'All figures that the run reported, as JSON';
