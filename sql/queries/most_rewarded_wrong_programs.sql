-- The 20 wrong programs of each policy's training that got the most reward, each at its best
WITH wrong AS (
    SELECT
        model,
        question_id,
        program,
        max(reward) AS reward,
        max(reward_model_score) AS reward_model_score,
        any_value(pass_rate) AS pass_rate,
        any_value(outcomes) AS outcomes,
        count(*) AS times_written,
        min(step) AS first_step,
        max(step) AS last_step
    FROM rollouts
    WHERE pass_rate < 1 AND reward IS NOT NULL
    GROUP BY model, question_id, program
)

SELECT
    wrong.*,
    questions.question
FROM wrong
LEFT JOIN questions USING (question_id)
QUALIFY row_number() OVER (PARTITION BY wrong.model ORDER BY wrong.reward DESC, wrong.times_written DESC, program) <= 20
ORDER BY wrong.model, wrong.reward DESC, wrong.times_written DESC;
