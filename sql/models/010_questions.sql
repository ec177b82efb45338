-- described by: questions
CREATE VIEW questions AS
SELECT * FROM lake.questions;
