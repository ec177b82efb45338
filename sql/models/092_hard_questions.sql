-- described by: hard_questions
CREATE VIEW hard_questions AS
SELECT * EXCLUDE (batch) FROM lake.hard_questions;
