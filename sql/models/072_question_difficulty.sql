-- described by: questions
CREATE TYPE difficulty AS ENUM ('always solved', 'easy', 'medium', 'hard', 'never solved');

CREATE TABLE question_difficulty AS
WITH solved AS (
    SELECT
        question_id,
        source,
        split,
        batch,
        sum(programs)::BIGINT AS programs,
        sum(passed_all)::BIGINT AS passed_all,
        sum(mean_pass_rate * programs) / sum(programs) AS mean_pass_rate
    FROM question_pass_rates
    WHERE stage = 'sampled_programs'
    GROUP BY ALL
)

SELECT
    question_id,
    source,
    split,
    batch,
    programs,
    passed_all,
    passed_all / programs AS solved_share,
    mean_pass_rate,
    CASE
        WHEN passed_all = 0 THEN 'never solved'
        WHEN passed_all = programs THEN 'always solved'
        WHEN passed_all / programs >= 0.75 THEN 'easy'
        WHEN passed_all / programs >= 0.25 THEN 'medium'
        ELSE 'hard'
    END::difficulty AS difficulty
FROM solved;

COMMENT ON TABLE question_difficulty IS 'One row per question with judged sampled programs: how many of them, whatever their model, solve it.';
COMMENT ON COLUMN question_difficulty.question_id IS 'Question';
COMMENT ON COLUMN question_difficulty.batch IS 'Seed batch of the question';
COMMENT ON COLUMN question_difficulty.programs IS 'Sampled programs judged, of all models';
COMMENT ON COLUMN question_difficulty.passed_all IS 'Those that pass every kept test';
COMMENT ON COLUMN question_difficulty.solved_share IS 'passed_all / programs';
COMMENT ON COLUMN question_difficulty.mean_pass_rate IS 'Mean of their pass rates';
COMMENT ON COLUMN question_difficulty.difficulty IS 'By solved_share: always solved (1), easy (at least 3/4), medium (at least 1/4), hard (above 0), never solved (0)';
