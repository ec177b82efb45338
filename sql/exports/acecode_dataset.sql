-- Questions with kept tests and judged programs, in the schema of the published AceCode-87K, and our columns
WITH kept AS (
    SELECT
        question_id,
        list(test ORDER BY position) AS test_cases
    FROM lake.filtered_tests
    WHERE kind = 'assert'
    GROUP BY question_id
),

judged AS (
    SELECT
        verdict.question_id,
        list(
            {
                'model_name': program.model,
                'completion_id': program.sample_index,
                'completion': program.program,
                'pass_rate': rate.pass_rate
            }
            ORDER BY program.model, program.sample_index, program.program_id
        ) AS inferences
    FROM lake.test_results AS verdict
    INNER JOIN pass_rates AS rate USING (program_id)
    INNER JOIN lake.sampled_programs AS program USING (program_id)
    WHERE NOT list_contains(verdict.outcomes, 'judge_error')
    GROUP BY verdict.question_id
)

SELECT
    question.source || '_' || question.upstream_id AS id,
    question.question_id,
    question.source,
    question.split,
    question.question,
    kept.test_cases,
    coalesce(judged.inferences, []) AS inferences,
    [{'content': question.question, 'role': 'user'}] AS context_messages,
    question.licence,
    question.batch
FROM lake.questions AS question
INNER JOIN kept USING (question_id)
LEFT JOIN judged USING (question_id)
ORDER BY id;
