-- The models whose programs could be published, and how they were sampled
SELECT
    model,
    model_revision,
    licence,
    temperature,
    sampling,
    count(*) AS programs
FROM lake.sampled_programs
WHERE question_id IN (SELECT question_id FROM lake.acecode_dataset)
GROUP BY ALL
ORDER BY programs DESC, model;
