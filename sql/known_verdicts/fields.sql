-- A verdict, final or not; no row when there is none
SELECT fields
FROM verdicts
WHERE key = ?;
