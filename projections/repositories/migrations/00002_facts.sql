-- +goose Up
-- What was recorded last of each repository, by the name of the fact.
CREATE TABLE facts (
    source   TEXT    NOT NULL,
    id       TEXT    NOT NULL, -- of the repository
    fact     TEXT    NOT NULL,
    value    TEXT    NOT NULL, -- JSON
    at       INTEGER NOT NULL, -- when it became true
    position INTEGER NOT NULL, -- of the event
    PRIMARY KEY (source, id, fact)
) WITHOUT ROWID;
