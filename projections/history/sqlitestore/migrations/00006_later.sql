-- +goose Up
-- Indexes that are made once the rows have caught up with the log, in the order in which
-- they were made first: SQLite prefers some to others by that. See later.go.
CREATE TABLE later (rank INTEGER PRIMARY KEY, name TEXT NOT NULL, statement TEXT NOT NULL);
