-- described by: questions, sampled_programs
CREATE TABLE question_pass_rates AS
SELECT
    question_id,
    model,
    stage,
    source,
    split,
    batch,
    count(*) AS programs,
    count(*) FILTER (passed_all) AS passed_all,
    count(*) FILTER (verdict = 'passed') AS passed_all_with_unsealed,
    avg(pass_rate) AS mean_pass_rate,
    stddev_pop(pass_rate) AS std_pass_rate
FROM pass_rates
WHERE judged
GROUP BY ALL;

COMMENT ON TABLE question_pass_rates IS 'One row per question and model, over the programs that were judged completely.';
COMMENT ON COLUMN question_pass_rates.question_id IS 'Question answered';
COMMENT ON COLUMN question_pass_rates.stage IS 'Asset that holds the programs: sampled_programs or policy_programs';
COMMENT ON COLUMN question_pass_rates.programs IS 'Programs of the model for the question (n of pass@k)';
COMMENT ON COLUMN question_pass_rates.passed_all IS 'Programs that passed every kept test (c of pass@k)';
COMMENT ON COLUMN question_pass_rates.passed_all_with_unsealed IS 'The same where every pass counts, as benchmarks define it';
COMMENT ON COLUMN question_pass_rates.mean_pass_rate IS 'Mean of their pass rates';
COMMENT ON COLUMN question_pass_rates.std_pass_rate IS 'Standard deviation of their pass rates (of the population)';
