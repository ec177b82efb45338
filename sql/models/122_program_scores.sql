-- described by: program_scores
CREATE VIEW program_scores AS
SELECT * EXCLUDE (batch) FROM lake.program_scores;
