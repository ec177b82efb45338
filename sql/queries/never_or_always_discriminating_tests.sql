-- Kept tests that tell no two sampled programs apart, and those that do, by source
-- `always_discriminates`: the test fails every program that fails any test of its question.
WITH per_question AS (
    SELECT question_id, source, sum(programs)::BIGINT AS programs, sum(passed_all)::BIGINT AS passed_all
    FROM question_pass_rates
    WHERE stage = 'sampled_programs'
    GROUP BY question_id, source
)

SELECT
    per_question.source,
    count(*) AS tests,
    count(*) FILTER (test.passed = test.programs) AS every_program_passes,
    count(*) FILTER (test.passed = 0) AS no_program_passes,
    count(*) FILTER (test.passed > 0 AND test.passed < test.programs) AS tells_programs_apart,
    count(*) FILTER (per_question.passed_all < per_question.programs AND test.passed = per_question.passed_all)
        AS always_discriminates,
    avg(test.passed / test.programs) AS mean_pass_rate
FROM test_pass_rates AS test
INNER JOIN per_question USING (question_id)
WHERE test.programs > 0
GROUP BY per_question.source
ORDER BY per_question.source;
