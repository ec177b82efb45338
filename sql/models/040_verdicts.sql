-- described by: test_results
CREATE VIEW verdicts AS
SELECT * FROM lake.test_results
UNION ALL BY NAME
SELECT * FROM lake.policy_results;

COMMENT ON VIEW verdicts IS 'One row per judged program, with the outcomes of its tests as lists (one row per test: outcomes). Every pass is in them, sealed or not; pass_rates has those that count.';
