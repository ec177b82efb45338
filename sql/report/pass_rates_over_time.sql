-- Share of programs that pass every test, by source and model: a row for each moment at which it changed
SELECT
    recorded_at,
    source || ', ' || model AS name,
    share_passed_all AS value,
    programs
FROM pass_rate_history
ORDER BY name, recorded_at;
