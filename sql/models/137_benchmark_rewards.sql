-- described by: benchmark_rewards, benchmark_results
CREATE VIEW benchmark_rewards AS
SELECT
    rewards.* EXCLUDE (batch),
    results.passed
FROM lake.benchmark_rewards AS rewards
JOIN lake.benchmark_results AS results USING (program_id);

COMMENT ON VIEW benchmark_rewards IS 'What reward models score the answers to standard benchmarks, and whether these passed.';
