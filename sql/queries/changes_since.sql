-- What changed since a moment: stages that wrote rows anew, settings, pass rates and other figures, with the values then
-- set since (needed): a moment such as 2026-11-28 or 2026-11-28 02:00, UTC
WITH recorded AS (
    SELECT recorded_at, 'setting' AS kind, setting AS name, value FROM setting_history
    UNION ALL
    SELECT recorded_at, 'rows', stage || ' ' || batch, rows_kept::VARCHAR FROM stage_history
    UNION ALL
    SELECT recorded_at, 'pass rate', source || ', ' || model, round(mean_pass_rate, 4)::VARCHAR FROM pass_rate_history
    UNION ALL
    SELECT recorded_at, 'figure', subject || ' ' || name || ' ' || figure, round(value, 4)::VARCHAR FROM figure_history
),

before AS (
    SELECT kind, name, arg_max(value, recorded_at) AS value
    FROM recorded
    WHERE recorded_at < getvariable('since')::TIMESTAMP
    GROUP BY kind, name
),

after AS (
    SELECT kind, name, max(recorded_at) AS last_changed, arg_max(value, recorded_at) AS value
    FROM recorded
    WHERE recorded_at >= getvariable('since')::TIMESTAMP
    GROUP BY kind, name
)

SELECT
    after.kind,
    after.name,
    before.value AS value_then,
    after.value AS value_now,
    after.last_changed
FROM after
LEFT JOIN before USING (kind, name)
ORDER BY after.kind, after.name;
