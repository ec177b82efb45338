-- Aggregates and functions that the queries share; they are stored in the file, for SQL of your own.

-- Whether a test counts as passed, by the setting tests.unsealed_passes (table `counting`). In Python,
-- `acecoder_dagster/data/counting.py` says the same.
CREATE MACRO counts(passed, sealed, unsealed_passes) AS passed AND (sealed OR unsealed_passes = 'count');

-- The unbiased estimator of Chen et al. 2021 (HumanEval), 1 - C(n - c, k) / C(n, k), by logarithms of factorials.
CREATE MACRO pass_at_k(programs, passed_all, k) AS
CASE
    WHEN programs < k THEN NULL
    WHEN programs - passed_all < k THEN 1.0
    ELSE 1 - exp(
        lgamma(programs - passed_all + 1) - lgamma(programs - passed_all - k + 1)
        - lgamma(programs + 1) + lgamma(programs - k + 1)
    )
END;

-- Ends of the 95% interval of a mean: 1.96 standard errors below and above; null for fewer than two values.
CREATE MACRO mean_low(x) AS avg(x) - 1.96 * stddev_samp(x) / sqrt(count(x));
CREATE MACRO mean_high(x) AS avg(x) + 1.96 * stddev_samp(x) / sqrt(count(x));

-- The same for shares, which lie between 0 and 1.
CREATE MACRO share_low(x) AS CASE WHEN count(x) > 1 THEN greatest(mean_low(x), 0) END;
CREATE MACRO share_high(x) AS CASE WHEN count(x) > 1 THEN least(mean_high(x), 1) END;
