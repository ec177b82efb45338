-- described by: sampled_programs
CREATE VIEW programs AS
SELECT 'sampled_programs' AS stage, * FROM lake.sampled_programs
UNION ALL BY NAME
SELECT 'policy_programs' AS stage, * FROM lake.policy_programs;

COMMENT ON VIEW programs IS 'Programs that models wrote for questions: sampled ones, and those of trained policies.';
COMMENT ON COLUMN programs.stage IS 'Asset that holds the program: sampled_programs or policy_programs';
