-- described by: rejected_rows
CREATE VIEW rejected_rows AS
SELECT * FROM lake.rejected_rows;
