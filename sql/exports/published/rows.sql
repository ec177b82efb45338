-- What was written, by source and split, and how much of what there is that leaves out
WITH written AS (
    SELECT
        source,
        split,
        count(*) AS questions,
        sum(len(test_cases))::BIGINT AS tests,
        sum(len(inferences))::BIGINT AS programs
    FROM read_parquet(getvariable('dataset_files'))
    GROUP BY ALL
),

written_pairs AS (
    SELECT
        source,
        split,
        count(*) AS pairs
    FROM read_parquet(getvariable('pair_files'))
    GROUP BY ALL
),

available AS (
    SELECT
        source,
        split,
        count(*) AS questions,
        sum(len(inferences))::BIGINT AS programs
    FROM lake.acecode_dataset
    GROUP BY ALL
),

available_pairs AS (
    SELECT
        dataset.source,
        dataset.split,
        count(*) AS pairs
    FROM lake.preference_pairs AS pair
    INNER JOIN lake.acecode_dataset AS dataset USING (question_id)
    GROUP BY ALL
)

SELECT
    available.source,
    available.split,
    coalesce(written.questions, 0) AS questions,
    coalesce(written.tests, 0) AS tests,
    coalesce(written.programs, 0) AS programs,
    coalesce(written_pairs.pairs, 0) AS pairs,
    available.questions - coalesce(written.questions, 0) AS questions_left_out,
    available.programs - coalesce(written.programs, 0) AS programs_left_out,
    coalesce(available_pairs.pairs, 0) - coalesce(written_pairs.pairs, 0) AS pairs_left_out
FROM available
LEFT JOIN written USING (source, split)
LEFT JOIN written_pairs USING (source, split)
LEFT JOIN available_pairs USING (source, split)
ORDER BY available.source, list_position(['train', 'validation', 'test'], available.split), available.split;
