-- described by: test_quality
-- A native table: a few rows that another warehouse is compared with.
CREATE TABLE test_quality AS
SELECT * EXCLUDE (batch) FROM lake.test_quality;
