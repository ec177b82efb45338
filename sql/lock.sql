-- Keeps all later SQL on this connection to the databases that are attached and to the paths named in two variables.
-- Nothing can be loaded, written elsewhere or set any more; only variables can.
SET allowed_paths = getvariable('allowed_paths');
SET allowed_directories = getvariable('allowed_directories');
-- It would get between rows that are piped on.
SET enable_progress_bar = false;
SET autoinstall_known_extensions = false;
SET autoload_known_extensions = false;
SET python_enable_replacements = false;
SET enable_external_access = false;
SET lock_configuration = true;
