-- Pass rates and pass@1 by source, model and difficulty of the question, with 95% intervals over questions
-- Difficulty is measured by the sampled programs of all models: a model that was sampled alone defines its own, other
-- models and trained policies are compared on the same questions.
WITH per_question AS (
    SELECT
        rates.source,
        rates.model,
        question.difficulty,
        rates.programs,
        rates.mean_pass_rate,
        rates.passed_all / rates.programs AS solved
    FROM question_pass_rates AS rates
    INNER JOIN question_difficulty AS question USING (question_id)
)

SELECT
    source,
    model,
    difficulty,
    count(*) AS questions,
    sum(programs)::BIGINT AS programs,
    avg(mean_pass_rate) AS mean_pass_rate,
    avg(solved) AS pass_at_1,
    share_low(solved) AS pass_at_1_low,
    share_high(solved) AS pass_at_1_high
FROM per_question
GROUP BY ALL
ORDER BY source, model, difficulty;
