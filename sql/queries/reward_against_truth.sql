-- Reinforcement step by step: reward, what executed tests say of the same programs, length, entropy, KL, validation
WITH judged AS (
    SELECT
        *,
        list_filter(list_zip(outcomes, sealed), LAMBDA test: test[1] = 'passed' AND test[2] IS NOT NULL) AS passes
    FROM rollouts
),

per_step AS (
    SELECT
        model,
        step,
        count(*) AS rollouts,
        avg(reward) AS reward,
        avg((pass_rate = 1)::INTEGER) AS pass_at_1,
        avg(pass_rate) AS pass_rate,
        avg(reward_model_score) AS reward_model_score,
        avg(completion_tokens) AS completion_tokens,
        avg(truncated::INTEGER) AS truncated,
        avg(trained::INTEGER) AS trained,
        sum(len(list_filter(passes, LAMBDA pass: NOT pass[2]))) / nullif(sum(len(passes)), 0) AS unsealed_pass_share
    FROM judged
    GROUP BY model, step
),

curves AS (
    SELECT
        model,
        step,
        max(value) FILTER (WHERE figure = 'entropy') AS entropy,
        max(value) FILTER (WHERE figure = 'kl') AS kl,
        max(value) FILTER (WHERE figure = 'validation_reward') AS validation_reward,
        max(value) FILTER (WHERE figure = 'validation_pass_at_1') AS validation_pass_at_1
    FROM training_curves
    GROUP BY model, step
)

SELECT *
FROM per_step
LEFT JOIN curves USING (model, step)
ORDER BY model, step;
