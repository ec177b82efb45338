-- Held-out questions that each trained policy solves more, or less, often than the policy it started from
WITH solved AS (
    SELECT
        model,
        question_id,
        stage = 'policy_programs' AS trained,
        count(*) AS programs,
        avg(passed_all::INTEGER) AS share_solved
    FROM pass_rates
    WHERE judged AND split = 'test'
    GROUP BY model, question_id, stage
)

SELECT
    after.model,
    CASE
        WHEN after.share_solved > before.share_solved THEN 'learned'
        WHEN after.share_solved < before.share_solved THEN 'lost'
        ELSE 'unchanged'
    END AS change,
    after.question_id,
    before.share_solved AS share_solved_before,
    after.share_solved AS share_solved_after,
    after.share_solved - before.share_solved AS gain,
    questions.question
FROM solved AS after
INNER JOIN solved AS before
    ON
        after.question_id = before.question_id
        AND before.model = 'base_policy'
LEFT JOIN questions ON after.question_id = questions.question_id
WHERE after.trained AND NOT before.trained
ORDER BY after.model, abs(gain) DESC, after.question_id;
