-- Rows in, kept and rejected, and seconds, by stage
SELECT
    stage,
    count(*) AS batches,
    sum(rows_in)::BIGINT AS rows_in,
    sum(rows_kept)::BIGINT AS rows_kept,
    sum(rows_rejected)::BIGINT AS rows_rejected,
    round(sum(seconds), 1) AS seconds,
    max(written_at) AS last_written_at
FROM runs
GROUP BY stage, stage_number
ORDER BY stage_number;
