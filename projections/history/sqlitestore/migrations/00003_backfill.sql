-- +goose Up
-- 1 = it was found in the past after the fact.
ALTER TABLE events ADD COLUMN backfilled INTEGER NOT NULL DEFAULT 0;
CREATE INDEX events_subject_time ON events (subject, time, position);
