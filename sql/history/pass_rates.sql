-- key: source, model
-- Pass rates of judged programs: a row whenever one of them changed.
SELECT
    source,
    model,
    count(*) AS programs,
    count(DISTINCT question_id) AS questions,
    round(avg(pass_rate), 6) AS mean_pass_rate,
    round(avg(passed_all::INTEGER), 6) AS share_passed_all
FROM pass_rates
WHERE judged
GROUP BY source, model;
