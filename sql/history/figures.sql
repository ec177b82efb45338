-- key: subject, name, figure
-- Figures of pairs, test quality, models and benchmarks: a row whenever one of them changed.
SELECT
    'preference_pairs' AS subject,
    split AS name,
    'pairs' AS figure,
    count(*)::DOUBLE AS value
FROM preference_pairs
GROUP BY split
UNION ALL
SELECT 'test_quality', measure, 'value', value FROM test_quality
UNION ALL
SELECT 'training', model, figure.key, TRY_CAST(figure.value ->> '$' AS DOUBLE)
FROM trainings
CROSS JOIN json_each(trainings.figures) AS figure
WHERE TRY_CAST(figure.value ->> '$' AS DOUBLE) IS NOT NULL
UNION ALL
SELECT 'benchmark_scores', model, metric, solved FROM benchmark_scores
UNION ALL
SELECT 'best_of_n', method, 'solved at ' || n, solved FROM best_of_n;
