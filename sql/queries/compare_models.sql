-- pass@1 of two models on the questions that both answered, by source, with the 95% interval of the difference
-- The interval is that of the mean difference per question: 1.96 standard errors below and above.
-- set model (needed): the model, as `SELECT DISTINCT model FROM question_pass_rates` names it
-- set baseline (needed): the model that it is compared with
WITH answered AS (
    SELECT
        model.source,
        model.passed_all / model.programs AS solved,
        baseline.passed_all / baseline.programs AS baseline_solved
    FROM question_pass_rates AS model
    INNER JOIN question_pass_rates AS baseline USING (question_id)
    WHERE model.model = getvariable('model') AND baseline.model = getvariable('baseline')
)

SELECT
    source,
    count(*) AS questions,
    avg(baseline_solved) AS baseline_pass_at_1,
    avg(solved) AS pass_at_1,
    avg(solved - baseline_solved) AS gain,
    mean_low(solved - baseline_solved) AS gain_low,
    mean_high(solved - baseline_solved) AS gain_high,
    count(*) FILTER (solved > baseline_solved) AS questions_better,
    count(*) FILTER (solved < baseline_solved) AS questions_worse
FROM answered
GROUP BY source
ORDER BY questions DESC, source;
