-- +goose Up
-- Where each entity is declared, so that the end of a second, refused declaration of it takes
-- no documentation away. All is folded anew, as that took away what was there before.
CREATE TABLE declared (
    ref        TEXT PRIMARY KEY,
    source     TEXT NOT NULL,
    repository TEXT NOT NULL, -- id
    path       TEXT NOT NULL
) WITHOUT ROWID;
DELETE FROM published;
DELETE FROM docs;
DELETE FROM pages;
DELETE FROM versions;
DELETE FROM named;
UPDATE position SET value = 0;
