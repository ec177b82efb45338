CREATE TABLE trainings AS
SELECT
    model,
    (figures ->> '$.seconds')::DOUBLE AS seconds,
    (figures ->> '$.train_tokens')::BIGINT AS tokens,
    (figures ->> '$.steps')::BIGINT AS steps,
    (figures ->> '$.unsealed_pass_share')::DOUBLE AS unsealed_pass_share,
    finished_at::TIMESTAMP AS finished_at,
    settings,
    content_key,
    figures
FROM current_artifacts;

COMMENT ON TABLE trainings IS 'One row per trained model: what the training that made the current one reported.';
COMMENT ON COLUMN trainings.model IS 'Asset: base_policy, reward_model, policy_rule or policy_reward_model';
COMMENT ON COLUMN trainings.seconds IS 'Wall time, seconds';
COMMENT ON COLUMN trainings.tokens IS 'Tokens trained on; null where the training did not say';
COMMENT ON COLUMN trainings.steps IS 'Optimiser steps';
COMMENT ON COLUMN trainings.unsealed_pass_share IS 'Share of unsealed passes among the passes that it saw; null where it saw no verdicts or did not say';
COMMENT ON COLUMN trainings.finished_at IS 'When it was finished, UTC; null where an older version did not say';
COMMENT ON COLUMN trainings.settings IS 'Settings that the model depends on, as JSON';
COMMENT ON COLUMN trainings.content_key IS 'Hash of everything that the model depends on';
COMMENT ON COLUMN trainings.figures IS 'All figures that the training reported, as JSON';
