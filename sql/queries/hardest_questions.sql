-- The 50 questions that the fewest sampled programs solve, those with most programs first
WITH hardest AS (
    SELECT question_id, programs, passed_all, solved_share, mean_pass_rate
    FROM question_difficulty
    ORDER BY solved_share, mean_pass_rate, programs DESC, question_id
    LIMIT 50
)

SELECT
    hardest.*,
    questions.source,
    questions.upstream_id,
    questions.split,
    questions.entry_point
FROM hardest
LEFT JOIN questions USING (question_id)
ORDER BY hardest.solved_share, hardest.mean_pass_rate, hardest.programs DESC, hardest.question_id;
