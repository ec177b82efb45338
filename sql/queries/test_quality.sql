-- The test-quality certificate: what the kept tests are worth on the calibration questions
SELECT
    measure,
    round(value, 4) AS value,
    round(low, 4) AS low,
    round(high, 4) AS high,
    questions,
    counted,
    required,
    met
FROM test_quality
ORDER BY required IS NULL, measure;
