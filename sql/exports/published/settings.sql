-- The settings under which each stage up to the pairs made its current rows
SELECT DISTINCT
    stage,
    settings
FROM runs
WHERE
    settings IS NOT NULL
    AND stage_number <= (SELECT max(stage_number) FROM runs WHERE stage = 'preference_pairs')
ORDER BY stage, settings;
