-- Rows that were not kept, by stage and reason, with one example of the evidence
SELECT
    rejected_rows.stage,
    rejected_rows.row_kind,
    rejected_rows.reason,
    count(*) AS rejected,
    min(rejected_rows.row_id) AS example_row_id,
    arg_min(rejected_rows.evidence, rejected_rows.row_id) AS example_evidence
FROM rejected_rows
LEFT JOIN (SELECT DISTINCT stage, stage_number FROM runs) AS stages USING (stage)
GROUP BY stages.stage_number, rejected_rows.stage, rejected_rows.row_kind, rejected_rows.reason
ORDER BY stages.stage_number, rejected DESC, rejected_rows.reason;
