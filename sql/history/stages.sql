-- key: stage, batch
-- What each refresh did: a row whenever a stage wrote a batch anew, and one of nulls when a batch was removed.
SELECT
    stage,
    batch,
    rows_in,
    rows_kept,
    rows_rejected,
    reused AS rows_reused,
    seconds,
    programs_executed,
    model_calls,
    cost,
    written_at,
    content_key
FROM runs;
