-- described by: best_of_n
CREATE VIEW best_of_n AS
SELECT * EXCLUDE (batch) FROM lake.best_of_n;
