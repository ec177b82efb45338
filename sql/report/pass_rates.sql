-- Pass rates and pass@1 by source and model, and by difficulty and model, with 95% intervals over questions
-- set batches (needed): the batches whose questions are shown
WITH per_question AS (
    SELECT
        rates.source,
        rates.model,
        rates.stage,
        question.difficulty,
        rates.programs,
        rates.mean_pass_rate,
        rates.passed_all / rates.programs AS solved
    FROM question_pass_rates AS rates
    LEFT JOIN question_difficulty AS question USING (question_id)
    WHERE list_contains(getvariable('batches')::VARCHAR[], rates.batch)
)

SELECT
    source,
    difficulty::VARCHAR AS difficulty,
    model,
    count(*) AS questions,
    sum(programs)::BIGINT AS programs,
    avg(mean_pass_rate) AS mean_pass_rate,
    avg(solved) AS pass_at_1,
    share_low(solved) AS pass_at_1_low,
    share_high(solved) AS pass_at_1_high
FROM per_question
GROUP BY GROUPING SETS ((source, stage, model), (difficulty, stage, model))
-- A question of which no sampled program was judged has no difficulty.
HAVING grouping(source) = 0 OR difficulty IS NOT NULL
ORDER BY source NULLS LAST, per_question.difficulty NULLS FIRST, stage DESC, model;
