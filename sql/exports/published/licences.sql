-- The licences of what could be published: of questions by source, of programs by model
SELECT
    'question' AS kind,
    source AS name,
    licence,
    count(*) AS rows
FROM lake.acecode_dataset
GROUP BY ALL
UNION ALL
SELECT
    'program',
    model,
    licence,
    count(*)
FROM lake.sampled_programs
WHERE question_id IN (SELECT question_id FROM lake.acecode_dataset)
GROUP BY ALL
ORDER BY kind DESC, name, licence;
