-- The splits of the questions that may be published; `decisions` says which
SELECT DISTINCT dataset.split
FROM lake.acecode_dataset AS dataset
INNER JOIN decisions
    ON
        decisions.kind = 'question'
        AND dataset.source = decisions.name
        AND dataset.licence = decisions.licence
WHERE decisions.published
ORDER BY list_position(['train', 'validation', 'test'], dataset.split), dataset.split;
