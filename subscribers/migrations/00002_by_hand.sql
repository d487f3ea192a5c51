-- +goose Up
ALTER TABLE subscribers ADD COLUMN by_hand INTEGER NOT NULL DEFAULT 0; -- 1 = somebody paused it, and not Callboard
UPDATE subscribers SET by_hand = 1 WHERE paused = 'Somebody paused it.';
