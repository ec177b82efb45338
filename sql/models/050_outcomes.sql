-- described by: test_results
CREATE VIEW outcomes AS
WITH unnested AS (
    SELECT
        program_id,
        question_id,
        generate_subscripts(outcomes, 1) - 1 AS position,
        unnest(outcomes) AS outcome,
        unnest(passed) AS passed,
        unnest(sealed) AS sealed
    FROM verdicts
)
SELECT
    unnested.program_id,
    unnested.question_id,
    test.test_id,
    unnested.position,
    unnested.outcome,
    unnested.passed,
    unnested.sealed
FROM unnested
LEFT JOIN lake.filtered_tests AS test USING (question_id, position);

COMMENT ON VIEW outcomes IS 'One row per judged program and kept test. Large: filter by question_id or program_id where you can.';
COMMENT ON COLUMN outcomes.test_id IS 'Kept test (tests.test_id)';
COMMENT ON COLUMN outcomes.position IS 'Order of the test among the kept tests of its question, from 0';
COMMENT ON COLUMN outcomes.outcome IS 'What happened: passed, failed, error, cpu_timeout, wall_timeout, memory, crashed, output_limit, judge_error or unstable';
COMMENT ON COLUMN outcomes.passed IS 'Whether the program passed the test, sealed or not';
COMMENT ON COLUMN outcomes.sealed IS 'Whether the program could not reach the comparison';
