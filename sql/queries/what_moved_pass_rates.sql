-- Each change of a pass rate with the commits, settings and stages that were recorded with it
WITH moved AS (
    SELECT
        recorded_at,
        source,
        model,
        mean_pass_rate,
        mean_pass_rate - lag(mean_pass_rate) OVER one AS difference,
        lag(recorded_at) OVER one AS recorded_before
    FROM pass_rate_history
    WINDOW one AS (PARTITION BY source, model ORDER BY recorded_at)
),

-- Once for all batches: a refresh may have written hundreds.
worked AS (
    SELECT DISTINCT recorded_at, stage FROM stage_history
)

SELECT
    moved.recorded_at,
    moved.source,
    moved.model,
    moved.mean_pass_rate,
    moved.difference,
    (
        SELECT string_agg(DISTINCT changed.setting || ' = ' || coalesce(changed.value, 'none'), '; ')
        FROM setting_history AS changed
        WHERE changed.recorded_at > moved.recorded_before AND changed.recorded_at <= moved.recorded_at
    ) AS settings_changed,
    (
        SELECT string_agg(DISTINCT worked.stage, ', ')
        FROM worked
        WHERE worked.recorded_at > moved.recorded_before AND worked.recorded_at <= moved.recorded_at
    ) AS stages_made_anew
FROM moved
WHERE moved.difference IS NOT NULL AND moved.difference <> 0
ORDER BY moved.recorded_at DESC, moved.source, moved.model;
