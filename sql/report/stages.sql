-- What every stage and training took, kept and cost, in the order in which the data travels
WITH steps AS (
    SELECT
        stage,
        stage_number,
        rows_in,
        rows_kept,
        rows_rejected,
        seconds,
        programs_executed,
        model_calls,
        prompt_tokens,
        completion_tokens,
        cost,
        written_at
    FROM runs
    UNION ALL BY NAME
    SELECT
        model AS stage,
        1000 AS stage_number,
        seconds,
        tokens AS trained_tokens,
        finished_at AS written_at
    FROM trainings
)

SELECT
    stage,
    stage_number = 1000 AS is_training,
    count(*) AS batches,
    sum(rows_in)::BIGINT AS rows_in,
    sum(rows_kept)::BIGINT AS rows_kept,
    sum(rows_rejected)::BIGINT AS rows_rejected,
    sum(seconds) AS seconds,
    sum(programs_executed)::BIGINT AS programs_executed,
    sum(model_calls)::BIGINT AS model_calls,
    sum(prompt_tokens)::BIGINT AS prompt_tokens,
    sum(completion_tokens)::BIGINT AS completion_tokens,
    sum(trained_tokens)::BIGINT AS trained_tokens,
    sum(cost) AS cost,
    max(written_at) AS written_at
FROM steps
GROUP BY stage, stage_number
ORDER BY stage_number, stage;
