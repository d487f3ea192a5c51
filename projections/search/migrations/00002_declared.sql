-- +goose Up
-- Where each entity is declared, so that the end of a second, refused declaration of it takes
-- nothing away. All is folded anew, as that took away entities of before.
CREATE TABLE declared (
    ref        TEXT PRIMARY KEY,
    source     TEXT NOT NULL,
    repository TEXT NOT NULL, -- id
    path       TEXT NOT NULL
) WITHOUT ROWID;
DELETE FROM documents;
DELETE FROM texts;
DELETE FROM past;
DELETE FROM words;
DELETE FROM refers;
DELETE FROM referred;
UPDATE position SET value = 0;
