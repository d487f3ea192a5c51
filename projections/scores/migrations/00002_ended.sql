-- +goose Up
-- Which event ended a row, so that it can be told what was on record at any position.
-- The rows are folded anew.
ALTER TABLE scores ADD COLUMN ended INTEGER NOT NULL DEFAULT 0; -- its position; 0 while it lasts
DELETE FROM scores;
UPDATE position SET value = 0;
