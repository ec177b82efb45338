-- The figures of two runs of the pipeline side by side: rows, seconds, pass rates, benchmark scores, best-of-N
-- `here` is this warehouse, `there` the other one; null where a run has no such figure.
-- set other (needed, file): path of the acecoder.duckdb of another project folder
WITH steps AS (
    SELECT 'here' AS run, stage, stage_number, rows_kept, seconds FROM runs
    UNION ALL
    SELECT 'there', stage, stage_number, rows_kept, seconds
    FROM read_duckdb(getvariable('other'), table_name = 'runs')
),

rates AS (
    SELECT 'here' AS run, model, programs, passed_all, mean_pass_rate FROM question_pass_rates
    UNION ALL
    SELECT 'there', model, programs, passed_all, mean_pass_rate
    FROM read_duckdb(getvariable('other'), table_name = 'question_pass_rates')
),

benchmarks AS (
    SELECT 'here' AS run, metric, model, solved FROM benchmark_scores
    UNION ALL
    SELECT 'there', metric, model, solved
    FROM read_duckdb(getvariable('other'), table_name = 'benchmark_scores')
),

choices AS (
    SELECT 'here' AS run, n, method, solved FROM best_of_n
    UNION ALL
    SELECT 'there', n, method, solved
    FROM read_duckdb(getvariable('other'), table_name = 'best_of_n')
),

figures AS (
    SELECT run, 1 AS part, 'rows kept' AS figure, stage_number AS place, stage AS name, sum(rows_kept)::DOUBLE AS value
    FROM steps
    GROUP BY ALL
    UNION ALL
    SELECT run, 2, 'seconds', stage_number, stage, sum(seconds)
    FROM steps
    GROUP BY ALL
    UNION ALL
    SELECT run, 3, 'mean pass rate', 0, model, avg(mean_pass_rate)
    FROM rates
    GROUP BY ALL
    UNION ALL
    SELECT run, 4, 'pass@1', 0, model, avg(passed_all / programs)
    FROM rates
    GROUP BY ALL
    UNION ALL
    SELECT run, 5, 'held-out ' || metric, 0, model, solved
    FROM benchmarks
    UNION ALL
    SELECT run, 6, 'best of ' || n, n, method, solved
    FROM choices
)

SELECT
    figure,
    name,
    max(value) FILTER (run = 'here') AS here,
    max(value) FILTER (run = 'there') AS there,
    here - there AS difference
FROM figures
GROUP BY part, figure, place, name
ORDER BY part, place, figure, name;
