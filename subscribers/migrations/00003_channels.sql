-- +goose Up
ALTER TABLE subscribers ADD COLUMN began INTEGER NOT NULL DEFAULT 0; -- when it was first there; 0 if that is not known
