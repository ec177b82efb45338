-- What was made anew, by the day on which it was recorded
SELECT
    recorded_at::DATE AS day,
    count(DISTINCT stage) AS stages,
    count(*) AS batches,
    sum(rows_kept)::BIGINT AS rows_kept,
    sum(rows_rejected)::BIGINT AS rows_rejected,
    sum(seconds) AS seconds,
    sum(programs_executed)::BIGINT AS programs_executed,
    sum(model_calls)::BIGINT AS model_calls
FROM stage_history
WHERE rows_kept IS NOT NULL
GROUP BY day
ORDER BY day DESC
LIMIT 14;
