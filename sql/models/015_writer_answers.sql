-- described by: writer_answers
CREATE VIEW writer_answers AS
SELECT * FROM lake.writer_answers;
