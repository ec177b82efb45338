-- Pass rates over time, by source and model: a row for each moment at which one changed
SELECT
    recorded_at,
    source,
    model,
    questions,
    programs,
    mean_pass_rate,
    mean_pass_rate - lag(mean_pass_rate) OVER (PARTITION BY source, model ORDER BY recorded_at) AS difference,
    share_passed_all
FROM pass_rate_history
ORDER BY source, model, recorded_at;
