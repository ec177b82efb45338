-- described by: leaderboard
-- A native table: a few rows that another warehouse is compared with.
CREATE TABLE leaderboard AS
SELECT * EXCLUDE (batch) FROM lake.leaderboard;
