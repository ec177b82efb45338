-- pass@1 on held-out questions before and after reinforcement learning, with 95% intervals
SELECT *
FROM benchmark_scores
ORDER BY metric, model;
