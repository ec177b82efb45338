-- described by: rollouts
CREATE VIEW rollouts AS
SELECT * EXCLUDE (batch) FROM lake.rollouts;
