-- Pass rates and pass@1 by source and model, and by difficulty and model, with 95% intervals over questions
-- set batches (needed): the batches whose questions are shown
SELECT
    source,
    difficulty::VARCHAR AS difficulty,
    model,
    count(*) AS questions,
    sum(programs)::BIGINT AS programs,
    avg(mean_pass_rate) AS mean_pass_rate,
    avg(solved_share) AS pass_at_1,
    share_low(solved_share) AS pass_at_1_low,
    share_high(solved_share) AS pass_at_1_high
FROM questions_by_difficulty
WHERE list_contains(getvariable('batches')::VARCHAR[], batch)
GROUP BY GROUPING SETS ((source, stage, model), (questions_by_difficulty.difficulty, stage, model))
-- A question of which no sampled program was judged has no difficulty.
HAVING grouping(source) = 0 OR questions_by_difficulty.difficulty IS NOT NULL
ORDER BY source NULLS LAST, questions_by_difficulty.difficulty NULLS FIRST, stage DESC, model;
