-- described by: benchmark_scores
-- A native table: a few rows that another warehouse is compared with.
CREATE TABLE benchmark_scores AS
SELECT * EXCLUDE (batch) FROM lake.benchmark_scores;
