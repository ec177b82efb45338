-- described by: best_of_n
-- A native table: a few rows that another warehouse is compared with.
CREATE TABLE best_of_n AS
SELECT * EXCLUDE (batch) FROM lake.best_of_n;
