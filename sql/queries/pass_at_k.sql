-- pass@1, pass@10 and pass@100 by model and source, unbiased, with 95% intervals over questions
-- Chen et al. 2021: 1 - C(n - c, k) / C(n, k) per question, then the mean; only questions with at least k programs.
-- The interval is mean +- 1.96 standard errors over questions.
WITH per_question AS (
    SELECT
        model,
        source,
        programs,
        pass_at_k(programs, passed_all, 1) AS p1,
        pass_at_k(programs, passed_all_with_unsealed, 1) AS p1_with_unsealed,
        pass_at_k(programs, passed_all, 10) AS p10,
        pass_at_k(programs, passed_all, 100) AS p100
    FROM question_pass_rates
)

SELECT
    model,
    source,
    count(*) AS questions,
    sum(programs)::BIGINT AS programs,
    avg(p1) AS pass_at_1,
    share_low(p1) AS pass_at_1_low,
    share_high(p1) AS pass_at_1_high,
    avg(p1_with_unsealed) AS pass_at_1_with_unsealed,
    avg(p10) AS pass_at_10,
    share_low(p10) AS pass_at_10_low,
    share_high(p10) AS pass_at_10_high,
    count(p10) AS questions_at_10,
    avg(p100) AS pass_at_100,
    share_low(p100) AS pass_at_100_low,
    share_high(p100) AS pass_at_100_high,
    count(p100) AS questions_at_100
FROM per_question
GROUP BY model, source
ORDER BY questions DESC, programs DESC, model, source;
