-- described by: benchmark_scores
CREATE VIEW benchmark_scores AS
SELECT * EXCLUDE (batch) FROM lake.benchmark_scores;
