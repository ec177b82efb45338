-- Every table and view of the warehouse with its columns and their comments: the ones for people before the lake's.
SELECT
    relation.schema_name,
    relation.name,
    relation.kind,
    relation.comment,
    columns.column_name,
    columns.data_type,
    columns.comment AS column_comment
FROM (
    SELECT database_name, schema_name, table_name AS name, 'TABLE' AS kind, comment
    FROM duckdb_tables()
    WHERE NOT internal
    UNION ALL
    SELECT database_name, schema_name, view_name AS name, 'VIEW' AS kind, comment
    FROM duckdb_views()
    WHERE NOT internal
) AS relation
INNER JOIN duckdb_columns() AS columns
    ON
        relation.database_name = columns.database_name
        AND relation.schema_name = columns.schema_name
        AND relation.name = columns.table_name
WHERE relation.database_name = current_database()
ORDER BY relation.schema_name = 'lake', relation.name, columns.column_index;
