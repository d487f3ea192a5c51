-- +goose Up
-- Tables that were built anew have the next generation. They take the newest states, and
-- so a position, only of a batch that was written for them: see beside.go.
ALTER TABLE newest ADD COLUMN IF NOT EXISTS generation UInt64 DEFAULT 0;
