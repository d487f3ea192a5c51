-- +goose Up
-- 1: the log names it, and it stays. 0: nobody has looked yet.
ALTER TABLE blobs ADD COLUMN named INTEGER NOT NULL DEFAULT 0;
CREATE INDEX unnamed ON blobs (id) WHERE named = 0;
