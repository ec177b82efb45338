CREATE TABLE stage_history AS
SELECT * FROM recorded_stages
ORDER BY recorded_at, stage, batch;

COMMENT ON TABLE stage_history IS 'What each refresh did: a row whenever a stage wrote a batch anew. It only grows.';
COMMENT ON COLUMN stage_history.recorded_at IS 'When the warehouse was first built with it, UTC';
COMMENT ON COLUMN stage_history.stage IS 'Asset';
COMMENT ON COLUMN stage_history.batch IS 'Seed batch, or a model and a benchmark; `all` where the asset has neither';
COMMENT ON COLUMN stage_history.rows_in IS 'Rows that came in; null where the stage did not say, or the batch was removed';
COMMENT ON COLUMN stage_history.rows_kept IS 'Rows that it wrote; null when the batch was removed';
COMMENT ON COLUMN stage_history.rows_rejected IS 'Rows that it kept back';
COMMENT ON COLUMN stage_history.rows_reused IS 'Rows taken over from the version before';
COMMENT ON COLUMN stage_history.seconds IS 'Wall time, seconds';
COMMENT ON COLUMN stage_history.programs_executed IS 'Programs run in the sandbox; null where the stage runs none';
COMMENT ON COLUMN stage_history.model_calls IS 'Prompts that a model answered; null where the stage asks none';
COMMENT ON COLUMN stage_history.cost IS 'Money that the stage reported; null where it knows no price';
COMMENT ON COLUMN stage_history.written_at IS 'When the rows were written, UTC';
COMMENT ON COLUMN stage_history.content_key IS 'Hash of everything that the rows depend on';

CREATE TABLE pass_rate_history AS
SELECT * FROM recorded_pass_rates
ORDER BY recorded_at, source, model;

COMMENT ON TABLE pass_rate_history IS 'Pass rates by source and model over time: a row whenever one changed. It only grows.';
COMMENT ON COLUMN pass_rate_history.recorded_at IS 'When the warehouse was first built with it, UTC';
COMMENT ON COLUMN pass_rate_history.source IS 'Source of the questions';
COMMENT ON COLUMN pass_rate_history.model IS 'Model that wrote the programs';
COMMENT ON COLUMN pass_rate_history.programs IS 'Judged programs; null when there are none any more';
COMMENT ON COLUMN pass_rate_history.questions IS 'Their questions';
COMMENT ON COLUMN pass_rate_history.mean_pass_rate IS 'Mean share of kept tests that a program passes, by the passes that count';
COMMENT ON COLUMN pass_rate_history.share_passed_all IS 'Share of programs that pass all tests';

CREATE TABLE figure_history AS
SELECT * FROM recorded_figures
ORDER BY recorded_at, subject, name, figure;

COMMENT ON TABLE figure_history IS 'Figures of pairs, test quality, models and benchmarks over time: a row whenever one changed. It only grows.';
COMMENT ON COLUMN figure_history.recorded_at IS 'When the warehouse was first built with it, UTC';
COMMENT ON COLUMN figure_history.subject IS 'preference_pairs, test_quality, training, benchmark_scores or best_of_n';
COMMENT ON COLUMN figure_history.name IS 'Split of the pairs, measure, trained model, model of the score, or method';
COMMENT ON COLUMN figure_history.figure IS 'What was measured of it';
COMMENT ON COLUMN figure_history.value IS 'Its value; null when there is none any more';

CREATE TABLE setting_history AS
SELECT * FROM recorded_settings
ORDER BY recorded_at, setting;

COMMENT ON TABLE setting_history IS 'Settings over time, and as `code` the version of the package: a row whenever one changed. It only grows.';
COMMENT ON COLUMN setting_history.recorded_at IS 'When the warehouse was first built with it, UTC';
COMMENT ON COLUMN setting_history.setting IS 'Its place in the profile, such as sampling.temperature; or `code`';
COMMENT ON COLUMN setting_history.value IS 'Its value from then on, as text';
