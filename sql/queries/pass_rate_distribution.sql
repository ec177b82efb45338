-- How many programs have which pass rate, by source and model, in tenths
-- Programs that pass nothing and programs that pass everything have rows of their own: `at_least` = `below`.
WITH binned AS (
    SELECT
        source,
        model,
        CASE WHEN pass_rate IN (0, 1) THEN pass_rate ELSE floor(pass_rate * 10) / 10 END AS at_least,
        CASE WHEN pass_rate IN (0, 1) THEN pass_rate ELSE floor(pass_rate * 10) / 10 + 0.1 END AS below
    FROM pass_rates
    WHERE judged AND tests_kept > 0
),

counted AS (
    SELECT source, model, at_least, below, count(*) AS programs
    FROM binned
    GROUP BY ALL
)

SELECT
    source,
    model,
    at_least,
    round(below, 1) AS below,
    programs,
    programs / sum(programs) OVER (PARTITION BY source, model) AS share
FROM counted
ORDER BY source, model, at_least, below;
