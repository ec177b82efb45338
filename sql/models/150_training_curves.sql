-- described by: training_curves
CREATE VIEW training_curves AS
SELECT * EXCLUDE (batch) FROM lake.training_curves;
