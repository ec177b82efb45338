-- described by: filtered_tests
CREATE TABLE test_pass_rates AS
WITH unnested AS (
    SELECT
        question_id,
        generate_subscripts(outcomes, 1) - 1 AS position,
        unnest(outcomes) AS outcome,
        unnest(sealed) AS sealed
    FROM lake.test_results
),

counted AS (
    SELECT
        question_id,
        position,
        count(*) AS programs,
        count(*) FILTER (counts(outcome = 'passed', sealed, counting.unsealed_passes)) AS passed,
        count(*) FILTER (outcome = 'unstable') AS unstable
    FROM unnested
    CROSS JOIN counting
    WHERE outcome <> 'judge_error'
    GROUP BY ALL
)

SELECT
    test.test_id,
    test.question_id,
    test.position,
    test.origin,
    test.batch,
    coalesce(counted.programs, 0) AS programs,
    coalesce(counted.passed, 0) AS passed,
    coalesce(counted.unstable, 0) AS unstable
FROM lake.filtered_tests AS test
LEFT JOIN counted USING (question_id, position);

COMMENT ON TABLE test_pass_rates IS 'One row per kept test: how many of the sampled programs of its question passed it.';
COMMENT ON COLUMN test_pass_rates.programs IS 'Sampled programs with an outcome on the test';
COMMENT ON COLUMN test_pass_rates.passed IS 'Programs with a pass that counts; it tells programs apart where this is neither 0 nor all';
COMMENT ON COLUMN test_pass_rates.unstable IS 'Programs whose outcome differed between runs';
