CREATE TABLE counting AS
SELECT unsealed_passes
FROM current_counting;

COMMENT ON TABLE counting IS 'One row: which passes count in the pass rates of this file.';
COMMENT ON COLUMN counting.unsealed_passes IS 'Setting tests.unsealed_passes. refuse: passes that are not sealed count as failures; count: as passes';
