-- Seconds, model calls, tokens and money by stage and training
-- Money is what the stage reported; for tokens of a stage that knows no price, what they cost at the prices set here.
-- set prompt_price: price of a million prompt tokens, for stages that report no money
-- set completion_price: price of a million completion tokens, for stages that report no money
WITH steps AS (
    SELECT
        stage,
        stage_number,
        seconds,
        model_calls,
        prompt_tokens,
        completion_tokens,
        NULL::BIGINT AS trained_tokens,
        coalesce(
            cost,
            prompt_tokens / 1e6 * getvariable('prompt_price')::DOUBLE
            + completion_tokens / 1e6 * getvariable('completion_price')::DOUBLE
        ) AS cost
    FROM runs
    UNION ALL BY NAME
    SELECT model AS stage, 1000 AS stage_number, seconds, tokens AS trained_tokens
    FROM trainings
)

SELECT
    stage,
    count(*) AS batches,
    round(sum(seconds), 1) AS seconds,
    sum(model_calls)::BIGINT AS model_calls,
    sum(prompt_tokens)::BIGINT AS prompt_tokens,
    sum(completion_tokens)::BIGINT AS completion_tokens,
    sum(trained_tokens)::BIGINT AS trained_tokens,
    sum(cost) AS cost
FROM steps
GROUP BY stage, stage_number
ORDER BY stage_number, stage;
