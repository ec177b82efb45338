-- What the stages that lead to the data set kept back, and why
SELECT
    rejected_rows.stage,
    rejected_rows.row_kind,
    rejected_rows.reason,
    any_value(rejection_reasons.meaning) AS meaning,
    count(*) AS rejected
FROM rejected_rows
LEFT JOIN rejection_reasons USING (reason)
INNER JOIN (SELECT DISTINCT stage, stage_number FROM runs) AS stages USING (stage)
WHERE stages.stage_number <= (SELECT max(stage_number) FROM runs WHERE stage = 'preference_pairs')
GROUP BY stages.stage_number, rejected_rows.stage, rejected_rows.row_kind, rejected_rows.reason
ORDER BY stages.stage_number, rejected DESC, rejected_rows.reason;
