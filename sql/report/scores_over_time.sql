-- Held-out questions solved by each policy: a row for each moment at which it changed
SELECT
    recorded_at,
    name || ', ' || figure AS name,
    value
FROM figure_history
WHERE subject = 'benchmark_scores'
ORDER BY name, recorded_at;
