-- Pass rates and pass@1 by source, model and difficulty of the question, with 95% intervals over questions
-- Difficulty is measured by the sampled programs of all models: a model that was sampled alone defines its own, other
-- models and trained policies are compared on the same questions.
SELECT
    source,
    model,
    difficulty,
    count(*) AS questions,
    sum(programs)::BIGINT AS programs,
    avg(mean_pass_rate) AS mean_pass_rate,
    avg(solved_share) AS pass_at_1,
    share_low(solved_share) AS pass_at_1_low,
    share_high(solved_share) AS pass_at_1_high
FROM questions_by_difficulty
WHERE difficulty IS NOT NULL
GROUP BY ALL
ORDER BY source, model, difficulty;
