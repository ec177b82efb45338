-- described by: benchmark_results, benchmark_programs
CREATE VIEW benchmark_results AS
SELECT
    results.* EXCLUDE (batch),
    programs.prompt,
    programs.answer,
    programs.program,
    programs.finish_reason,
    programs.completion_tokens
FROM lake.benchmark_results AS results
JOIN lake.benchmark_programs AS programs USING (program_id);

COMMENT ON VIEW benchmark_results IS 'What models answered to the tasks of standard benchmarks, and whether it passed.';
