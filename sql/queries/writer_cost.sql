-- What question writers cost: requests, tokens and money by model, and per question that came of it
SELECT
    writer_answers.model,
    count(*) AS requests,
    count(writer_answers.answer) AS answered,
    count(questions.question_id) AS questions,
    sum(writer_answers.attempts)::BIGINT AS attempts,
    sum(writer_answers.prompt_tokens)::BIGINT AS prompt_tokens,
    sum(writer_answers.completion_tokens)::BIGINT AS completion_tokens,
    sum(writer_answers.cost) AS cost,
    sum(writer_answers.cost) / nullif(count(questions.question_id), 0) AS cost_per_question
FROM writer_answers
LEFT JOIN questions USING (seed_id)
GROUP BY writer_answers.model
ORDER BY cost DESC, writer_answers.model;
