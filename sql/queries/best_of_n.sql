-- Share of held-out questions solved when one of N programs is chosen, by method, with 95% intervals
SELECT *
FROM best_of_n
ORDER BY n, solved;
