-- Pairs of one split whose question and programs may be published, in the columns of the published AceCodePair-300K
-- and ours; `decisions` says what may
WITH programs AS (
    SELECT
        program.program_id,
        program.model,
        program.program,
        decisions.published_as AS licence
    FROM lake.sampled_programs AS program
    INNER JOIN decisions
        ON
            decisions.kind = 'program'
            AND program.model = decisions.name
            AND program.licence = decisions.licence
    WHERE decisions.published
)

SELECT
    pair.pair_id AS id,
    dataset.question AS instruction,
    '' AS input,
    chosen.program AS chosen,
    rejected.program AS rejected,
    pair.question_id,
    dataset.source,
    pair.split,
    pair.chosen_program_id,
    pair.rejected_program_id,
    chosen.model AS chosen_model,
    rejected.model AS rejected_model,
    pair.chosen_pass_rate,
    pair.rejected_pass_rate,
    pair.weight,
    decisions.published_as AS licence,
    chosen.licence AS chosen_licence,
    rejected.licence AS rejected_licence
FROM lake.preference_pairs AS pair
INNER JOIN lake.acecode_dataset AS dataset USING (question_id)
INNER JOIN decisions
    ON
        decisions.kind = 'question'
        AND dataset.source = decisions.name
        AND dataset.licence = decisions.licence
INNER JOIN programs AS chosen ON pair.chosen_program_id = chosen.program_id
INNER JOIN programs AS rejected ON pair.rejected_program_id = rejected.program_id
WHERE decisions.published AND pair.split = getvariable('split');
