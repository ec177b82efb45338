CREATE TABLE runs AS
SELECT
    stage,
    stage_number,
    batch,
    (figures ->> '$.rows_in')::BIGINT AS rows_in,
    rows_kept,
    rows_rejected,
    (figures ->> '$.seconds')::DOUBLE AS seconds,
    (figures ->> '$.reused')::BIGINT AS reused,
    (figures ->> '$.programs_executed')::BIGINT AS programs_executed,
    (figures ->> '$.model_calls')::BIGINT AS model_calls,
    (figures ->> '$.prompt_tokens')::BIGINT AS prompt_tokens,
    (figures ->> '$.completion_tokens')::BIGINT AS completion_tokens,
    (figures ->> '$.cost')::DOUBLE AS cost,
    figures ->> '$.judging_nodes' AS judging_nodes,
    figures ->> '$.settings' AS settings,
    written_at::TIMESTAMP AS written_at,
    content_key,
    figures
FROM current_partitions;

COMMENT ON TABLE runs IS 'One row per stage and batch: what the run that wrote its current rows reported.';
COMMENT ON COLUMN runs.stage IS 'Asset';
COMMENT ON COLUMN runs.stage_number IS 'Order of the stages, from 0';
COMMENT ON COLUMN runs.batch IS 'Seed batch, or a model and a benchmark; `all` where the asset has neither';
COMMENT ON COLUMN runs.rows_in IS 'Rows that came in; null where the stage did not say';
COMMENT ON COLUMN runs.rows_kept IS 'Rows that it wrote';
COMMENT ON COLUMN runs.rows_rejected IS 'Rows that it kept back, with a reason (rejected_rows)';
COMMENT ON COLUMN runs.seconds IS 'Wall time, seconds; batches that were computed together show it in the first';
COMMENT ON COLUMN runs.reused IS 'Rows taken over from the version before because nothing they depend on had changed';
COMMENT ON COLUMN runs.programs_executed IS 'Programs run in the sandbox; null where the stage runs none';
COMMENT ON COLUMN runs.model_calls IS 'Prompts that a model answered; null where the stage asks none';
COMMENT ON COLUMN runs.prompt_tokens IS 'Tokens of those prompts, each counted once however many answers it got';
COMMENT ON COLUMN runs.completion_tokens IS 'Tokens of the answers';
COMMENT ON COLUMN runs.cost IS 'Money that the stage reported, in the currency of its prices; null where it knows no price';
COMMENT ON COLUMN runs.judging_nodes IS 'Nodes of the cluster that judged, as JSON: node, workers, programs, programs per second; null without a cluster';
COMMENT ON COLUMN runs.settings IS 'Settings that the rows depend on, as JSON; null where there are none or an older version wrote them';
COMMENT ON COLUMN runs.written_at IS 'When the rows were written, UTC';
COMMENT ON COLUMN runs.content_key IS 'Hash of everything that the rows depend on';
COMMENT ON COLUMN runs.figures IS 'All figures that the run reported, as JSON';
