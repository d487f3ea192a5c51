-- +goose Up
-- Indexes that are made once the rows have caught up with the log: see later.go.
CREATE TABLE later (name TEXT PRIMARY KEY, statement TEXT NOT NULL) WITHOUT ROWID;
