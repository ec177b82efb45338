-- described by: test_results, sampled_programs, questions
-- A native table, not a view: the numbers people ask for most stay in the file when it is copied away from the lake.
CREATE TABLE pass_rates AS
-- Most programs have no test that is not sealed: their lists are not gone through.
WITH unsealed AS (
    SELECT
        *,
        CASE
            WHEN list_contains(sealed, false)
                THEN len(list_filter(list_zip(passed, sealed), LAMBDA test: test[1] AND NOT test[2]))
            ELSE 0
        END AS passed_unsealed
    FROM verdicts
),

counted AS (
    SELECT
        unsealed.* EXCLUDE (tests_passed),
        CASE WHEN counts(true, false, counting.unsealed_passes) THEN tests_passed ELSE tests_passed - passed_unsealed END
            AS tests_passed
    FROM unsealed
    CROSS JOIN counting
)

SELECT
    verdict.program_id,
    verdict.question_id,
    question.source,
    question.split,
    coalesce(question.batch, verdict.batch) AS batch,
    program.stage,
    program.model,
    program.model_revision,
    program.sample_index,
    verdict.verdict,
    NOT list_contains(verdict.outcomes, 'judge_error') AS judged,
    verdict.tests_passed,
    verdict.passed_unsealed,
    verdict.tests_kept,
    verdict.tests_written,
    CASE WHEN verdict.tests_kept > 0 THEN verdict.tests_passed / verdict.tests_kept ELSE verdict.pass_rate END
        AS pass_rate,
    verdict.tests_passed / nullif(verdict.tests_written, 0) AS pass_rate_of_written,
    verdict.tests_kept > 0 AND verdict.tests_passed = verdict.tests_kept AS passed_all,
    verdict.cpu_ms
FROM counted AS verdict
LEFT JOIN programs AS program USING (program_id)
LEFT JOIN questions AS question ON question.question_id = verdict.question_id;

COMMENT ON TABLE pass_rates IS 'One row per judged program: how many of the tests it passed, by the passes that count (table counting).';
COMMENT ON COLUMN pass_rates.source IS 'Source of the question';
COMMENT ON COLUMN pass_rates.batch IS 'Seed batch of the question';
COMMENT ON COLUMN pass_rates.stage IS 'Asset that holds the program: sampled_programs or policy_programs';
COMMENT ON COLUMN pass_rates.judged IS 'Whether every test gave a verdict; false where the judge itself failed (judge_error)';
COMMENT ON COLUMN pass_rates.tests_passed IS 'Number of kept tests with a pass that counts';
COMMENT ON COLUMN pass_rates.passed_unsealed IS 'Number of passes that are not sealed, whether they count or not';
COMMENT ON COLUMN pass_rates.pass_rate IS 'tests_passed / tests_kept, the paper''s pass rate';
COMMENT ON COLUMN pass_rates.pass_rate_of_written IS 'tests_passed / tests_written, the pass rate of the released code';
COMMENT ON COLUMN pass_rates.passed_all IS 'Whether it passed every kept test';
