-- +goose Up
-- Who of several has the message that is sent next, or that is a dead letter: JSON, with
-- the id of the message.
ALTER TABLE subscribers ADD COLUMN partly TEXT NOT NULL DEFAULT '{}';
ALTER TABLE dead_letters ADD COLUMN partly TEXT NOT NULL DEFAULT '{}';
