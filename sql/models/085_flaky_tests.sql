-- described by: filtered_tests
-- Within a stage the same text of a program is judged once: only texts that two stages judged can disagree.
CREATE TABLE flaky_tests AS
WITH judged AS (
    SELECT
        verdict.question_id,
        verdict.outcomes,
        hash(program.program) AS text
    FROM verdicts AS verdict
    INNER JOIN programs AS program USING (program_id)
    WHERE
        verdict.question_id IN (SELECT question_id FROM lake.policy_results)
        AND NOT list_contains(verdict.outcomes, 'judge_error')
),

disagreeing AS (
    SELECT
        question_id,
        text,
        unnest(list(DISTINCT outcomes)) AS outcomes
    FROM judged
    GROUP BY question_id, text, len(outcomes)
    HAVING min(outcomes) <> max(outcomes)
),

unnested AS (
    SELECT
        question_id,
        text,
        generate_subscripts(outcomes, 1) - 1 AS position,
        unnest(outcomes) AS outcome
    FROM disagreeing
),

differing AS (
    SELECT question_id, position, text
    FROM unnested
    GROUP BY ALL
    HAVING min(outcome) <> max(outcome)
),

evidence AS (
    SELECT
        test_id,
        question_id,
        NULL AS text,
        'unstable outcome' AS evidence,
        unstable AS programs
    FROM test_pass_rates
    WHERE unstable > 0
    UNION ALL
    SELECT test.test_id, test.question_id, NULL, 'same program, different outcomes', count(*)
    FROM differing
    INNER JOIN lake.filtered_tests AS test USING (question_id, position)
    GROUP BY test.test_id, test.question_id
    UNION ALL
    SELECT row_id, question_id, evidence, 'rejected: ' || reason, NULL
    FROM lake.rejected_rows
    WHERE row_kind = 'test' AND (reason IN ('unstable_value', 'value_not_confirmed', 'oracle_unstable'))
),

-- Found first: there are few of them among millions.
candidates AS (
    SELECT test_id, test, origin
    FROM lake.candidate_tests
    WHERE test_id IN (SELECT test_id FROM evidence)
    UNION
    SELECT test_id, test, origin
    FROM lake.filtered_tests
    WHERE test_id IN (SELECT test_id FROM evidence)
)

SELECT
    evidence.test_id,
    evidence.question_id,
    question.source,
    question.batch,
    coalesce(candidate.test, evidence.text) AS test,
    candidate.origin,
    NOT starts_with(evidence.evidence, 'rejected') AS kept,
    evidence.evidence,
    evidence.programs
FROM evidence
LEFT JOIN candidates AS candidate USING (test_id)
LEFT JOIN lake.questions AS question ON evidence.question_id = question.question_id;

COMMENT ON TABLE flaky_tests IS 'One row per test and kind of evidence that its outcome depends on more than the program.';
COMMENT ON COLUMN flaky_tests.test IS 'Python source; what its rejection shows where it never became a candidate test';
COMMENT ON COLUMN flaky_tests.source IS 'Source of the question';
COMMENT ON COLUMN flaky_tests.kept IS 'Whether programs are judged by it; false where it was rejected for this';
COMMENT ON COLUMN flaky_tests.evidence IS 'unstable outcome: it changed when the judge ran it again; same program, different outcomes: two stages judged the same text and disagree; or the reason of the rejection';
COMMENT ON COLUMN flaky_tests.programs IS 'Programs that show it; null where the rejection does not say';
