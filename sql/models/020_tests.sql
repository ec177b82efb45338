-- described by: candidate_tests
CREATE VIEW tests AS
SELECT
    test_id,
    coalesce(candidate.question_id, kept.question_id) AS question_id,
    coalesce(candidate.kind, kept.kind) AS kind,
    coalesce(candidate.test, kept.test) AS test,
    candidate.position AS candidate_position,
    kept.position AS position,
    kept.position IS NOT NULL AS kept,
    coalesce(candidate.origin, kept.origin) AS origin,
    coalesce(candidate.times_written, 1) AS times_written,
    batch
FROM lake.candidate_tests AS candidate
FULL JOIN lake.filtered_tests AS kept USING (batch, test_id);

COMMENT ON VIEW tests IS 'Candidate tests and those that adversarial rounds added, and whether each was kept. Why one was not: rejected_rows.row_id = test_id.';
COMMENT ON COLUMN tests.candidate_position IS 'Order among the candidate tests of its question, from 0; null where added by an adversarial round';
COMMENT ON COLUMN tests.position IS 'Order among the kept tests of its question, from 0: the position in outcomes; null where not kept';
COMMENT ON COLUMN tests.kept IS 'Whether programs are judged by it';
COMMENT ON COLUMN tests.origin IS '`official`, `reference execution`, `adversarial input` (added because programs disagree on it), or the model that wrote it';
