-- pass@1 of each model on standard benchmarks, one column for each, with the mean of those that it was evaluated on
PIVOT (
    SELECT
        protocol,
        model,
        decoding,
        benchmark,
        round(solved, 4) AS solved,
        count(*) OVER of_model AS benchmarks,
        round(avg(solved) OVER of_model, 4) AS mean
    FROM leaderboard
    WHERE metric = 'pass@1' AND difficulty IS NULL
    WINDOW of_model AS (PARTITION BY protocol, model, decoding)
)
ON benchmark
USING first(solved)
GROUP BY protocol, model, decoding, benchmarks, mean
ORDER BY protocol, mean DESC, model;
