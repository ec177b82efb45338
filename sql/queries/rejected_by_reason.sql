-- Rows that were not kept, by stage and reason, with what the reason means and one example
SELECT
    rejected_rows.stage,
    rejected_rows.row_kind,
    rejected_rows.reason,
    any_value(rejection_reasons.meaning) AS meaning,
    count(*) AS rejected,
    min(rejected_rows.row_id) AS example_row_id,
    arg_min(rejected_rows.evidence, rejected_rows.row_id) AS example_evidence
FROM rejected_rows
LEFT JOIN rejection_reasons USING (reason)
LEFT JOIN (SELECT DISTINCT stage, stage_number FROM runs) AS stages USING (stage)
GROUP BY stages.stage_number, rejected_rows.stage, rejected_rows.row_kind, rejected_rows.reason
ORDER BY stages.stage_number, rejected DESC, rejected_rows.reason;
