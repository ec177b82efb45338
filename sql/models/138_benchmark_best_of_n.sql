-- described by: benchmark_best_of_n
-- A native table: a few rows that another warehouse is compared with.
CREATE TABLE benchmark_best_of_n AS
SELECT * EXCLUDE (batch) FROM lake.benchmark_best_of_n;
