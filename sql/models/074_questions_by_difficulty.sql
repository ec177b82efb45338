-- described by: questions, sampled_programs
CREATE VIEW questions_by_difficulty AS
SELECT
    rates.question_id,
    rates.model,
    rates.stage,
    rates.source,
    rates.split,
    rates.batch,
    question.difficulty,
    rates.programs,
    rates.mean_pass_rate,
    rates.passed_all / rates.programs AS solved_share
FROM question_pass_rates AS rates
LEFT JOIN question_difficulty AS question USING (question_id);

COMMENT ON VIEW questions_by_difficulty IS 'One row per question and model, as in question_pass_rates, with the difficulty of the question.';
COMMENT ON COLUMN questions_by_difficulty.question_id IS 'Question answered';
COMMENT ON COLUMN questions_by_difficulty.stage IS 'Asset that holds the programs: sampled_programs or policy_programs';
COMMENT ON COLUMN questions_by_difficulty.difficulty IS 'As in question_difficulty; null where no sampled program of the question was judged';
COMMENT ON COLUMN questions_by_difficulty.programs IS 'Programs of the model for the question';
COMMENT ON COLUMN questions_by_difficulty.mean_pass_rate IS 'Mean of their pass rates';
COMMENT ON COLUMN questions_by_difficulty.solved_share IS 'Share of them that pass every kept test: pass@1 of the question';
