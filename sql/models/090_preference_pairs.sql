-- described by: preference_pairs, questions
CREATE VIEW preference_pairs AS
SELECT
    pairs.* EXCLUDE (batch),
    questions.source
FROM lake.preference_pairs AS pairs
LEFT JOIN lake.questions AS questions USING (question_id);
