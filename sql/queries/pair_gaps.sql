-- How far apart the pass rates of the two programs of a preference pair are, in tenths
WITH binned AS (
    SELECT
        split,
        least(floor((chosen_pass_rate - rejected_pass_rate) * 10 + 1e-9) / 10, 0.9) AS gap_at_least,
        rejected_pass_rate = 0 AS rejected_passes_nothing
    FROM preference_pairs
)

SELECT
    split,
    gap_at_least,
    count(*) AS pairs,
    count(*) / sum(count(*)) OVER (PARTITION BY split) AS share,
    count(*) FILTER (rejected_passes_nothing) AS rejected_passes_nothing
FROM binned
GROUP BY split, gap_at_least
ORDER BY split, gap_at_least;
