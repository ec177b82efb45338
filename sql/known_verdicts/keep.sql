-- Keep a verdict, in place of an earlier one with this key
INSERT OR REPLACE INTO verdicts (key, is_final, fields)
VALUES (?, ?, ?);
