-- The files that the views of the lake read
SELECT DISTINCT replace(unnest(regexp_extract_all(sql, '''((?:[^'']|'''')+\.parquet)''', 1)), '''''', '''') AS file
FROM duckdb_views()
WHERE schema_name = 'lake';
