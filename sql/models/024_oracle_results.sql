-- described by: oracle_results
CREATE VIEW oracle_results AS
SELECT * EXCLUDE (batch) FROM lake.oracle_results;
