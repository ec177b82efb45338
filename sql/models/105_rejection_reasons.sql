CREATE TABLE rejection_reasons AS
SELECT reason, meaning
FROM known_reasons;

COMMENT ON TABLE rejection_reasons IS 'What the reasons of rejected_rows mean; one row per reason.';
COMMENT ON COLUMN rejection_reasons.reason IS 'As in rejected_rows';
COMMENT ON COLUMN rejection_reasons.meaning IS 'What it says of the row';
