-- Questions of one split that may be published, with the inferences that may; `decisions` says which
WITH withheld AS (
    SELECT
        program.question_id,
        list({'model_name': program.model, 'completion_id': program.sample_index}) AS programs
    FROM lake.sampled_programs AS program
    INNER JOIN decisions
        ON
            decisions.kind = 'program'
            AND program.model = decisions.name
            AND program.licence = decisions.licence
    WHERE NOT decisions.published
    GROUP BY program.question_id
)

SELECT
    dataset.id,
    dataset.source,
    dataset.question,
    dataset.test_cases,
    CASE
        WHEN withheld.programs IS NULL THEN dataset.inferences
        ELSE list_filter(
            dataset.inferences,
            LAMBDA inference: NOT list_contains(
                withheld.programs,
                {'model_name': inference.model_name, 'completion_id': inference.completion_id}
            )
        )
    END AS inferences,
    dataset.context_messages,
    dataset.question_id,
    dataset.split,
    decisions.published_as AS licence
FROM lake.acecode_dataset AS dataset
INNER JOIN decisions
    ON
        decisions.kind = 'question'
        AND dataset.source = decisions.name
        AND dataset.licence = decisions.licence
LEFT JOIN withheld ON dataset.question_id = withheld.question_id
WHERE decisions.published AND dataset.split = getvariable('split');
