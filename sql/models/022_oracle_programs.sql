-- described by: oracle_programs
CREATE VIEW oracle_programs AS
SELECT * EXCLUDE (batch) FROM lake.oracle_programs;
