-- The 50 questions that the fewest sampled programs solve, those with most programs first
WITH per_question AS (
    SELECT
        question_id,
        count(DISTINCT model) AS models,
        sum(programs)::BIGINT AS programs,
        sum(passed_all)::BIGINT AS passed_all,
        sum(passed_all) / sum(programs) AS share_passed_all,
        sum(mean_pass_rate * programs) / sum(programs) AS mean_pass_rate
    FROM question_pass_rates
    WHERE stage = 'sampled_programs'
    GROUP BY question_id
    ORDER BY share_passed_all, mean_pass_rate, programs DESC, question_id
    LIMIT 50
)

SELECT
    per_question.*,
    questions.source,
    questions.upstream_id,
    questions.split,
    questions.entry_point
FROM per_question
LEFT JOIN questions USING (question_id)
ORDER BY share_passed_all, mean_pass_rate, programs DESC, question_id;
