-- Preference pairs per question, and the share of questions that have any, by source and split
WITH per_question AS (
    SELECT question_id, count(*) AS pairs
    FROM preference_pairs
    GROUP BY question_id
),

judged AS (
    SELECT question_id, source, split
    FROM question_pass_rates
    WHERE stage = 'sampled_programs'
    GROUP BY ALL
)

SELECT
    judged.source,
    judged.split,
    count(*) AS questions,
    count(per_question.pairs) AS questions_with_pairs,
    count(per_question.pairs) / count(*) AS share_with_pairs,
    coalesce(sum(per_question.pairs), 0)::BIGINT AS pairs,
    sum(per_question.pairs) / count(*) AS pairs_per_question,
    max(per_question.pairs) AS most_pairs
FROM judged
LEFT JOIN per_question USING (question_id)
GROUP BY ALL
ORDER BY judged.source, judged.split;
