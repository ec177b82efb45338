-- SQLite: what `acecoder judge` keeps beside a file of verdicts (judge/files/known_verdicts.py)
-- In this mode a commit costs no wait for the disk, needs no memory shared with other processes, and keeps them away.
PRAGMA locking_mode = EXCLUSIVE;
PRAGMA journal_mode = WAL;
PRAGMA synchronous = NORMAL;

CREATE TABLE IF NOT EXISTS verdicts (
    key BLOB PRIMARY KEY,    -- hash of everything that the verdict depends on
    is_final INTEGER,        -- 0 when the program should be judged again
    fields TEXT              -- the verdict as JSON
);
