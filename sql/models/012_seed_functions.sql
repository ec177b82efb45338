-- described by: seed_functions
CREATE VIEW seed_functions AS
SELECT * EXCLUDE (batch) FROM lake.seed_functions;
