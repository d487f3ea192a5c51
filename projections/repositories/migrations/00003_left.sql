-- +goose Up
-- The full name under which a repository that is there no more lives on elsewhere.
ALTER TABLE repositories ADD COLUMN went TEXT NOT NULL DEFAULT '';
