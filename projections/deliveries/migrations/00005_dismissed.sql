-- +goose Up
-- Who did it, for what a person did.
ALTER TABLE attempts ADD COLUMN who TEXT NOT NULL DEFAULT '';
