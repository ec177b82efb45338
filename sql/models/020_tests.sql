-- described by: candidate_tests
CREATE VIEW tests AS
SELECT
    candidate.test_id,
    candidate.question_id,
    candidate.kind,
    candidate.test,
    candidate.position AS candidate_position,
    kept.position AS position,
    kept.test_id IS NOT NULL AS kept,
    candidate.origin,
    candidate.times_written,
    candidate.batch
FROM lake.candidate_tests AS candidate
LEFT JOIN lake.filtered_tests AS kept USING (batch, test_id);

COMMENT ON VIEW tests IS 'Candidate tests, and whether each was kept. Why one was not: rejected_rows.row_id = test_id.';
COMMENT ON COLUMN tests.candidate_position IS 'Order among the candidate tests of its question, from 0';
COMMENT ON COLUMN tests.position IS 'Order among the kept tests of its question, from 0: the position in outcomes; null where not kept';
COMMENT ON COLUMN tests.kept IS 'Whether programs are judged by it';
