-- described by: preference_pairs
CREATE VIEW preference_pairs AS
SELECT * EXCLUDE (batch) FROM lake.preference_pairs;
