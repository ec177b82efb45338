-- Share of tasks of standard benchmarks solved when one of N answers is chosen, by who chooses, with 95% intervals
SELECT
    protocol,
    benchmark,
    model,
    n,
    method,
    solved,
    low,
    high,
    gain,
    gain_low,
    gain_high
FROM benchmark_best_of_n
ORDER BY protocol, benchmark, model, n, solved;
