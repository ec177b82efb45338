-- key: setting
-- Settings of the profile, and as `code` the version of this package: a row whenever one of them changed.
SELECT
    setting,
    value
FROM current_settings;
