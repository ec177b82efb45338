-- Whether a verdict need not be tried again; no row when there is none
SELECT is_final
FROM verdicts
WHERE key = ?;
