-- +goose Up
-- All is folded anew, as these are in events of before.
-- What was said of the tags and releases of repositories, so that a site can be read as
-- of one.
CREATE TABLE versions (
    source     TEXT    NOT NULL,
    repository TEXT    NOT NULL, -- id
    tag        TEXT    NOT NULL,
    release    INTEGER NOT NULL, -- 1: it says how a release stands; 0: where the tag does
    position   INTEGER NOT NULL, -- of the event
    at         INTEGER NOT NULL, -- the moment that it stands for; nanoseconds since 1970, UTC
    gone       INTEGER NOT NULL, -- 1: there is none any more
    name       TEXT    NOT NULL, -- of a release
    url        TEXT    NOT NULL, -- of a release
    PRIMARY KEY (source, repository, tag, release, position)
) WITHOUT ROWID;
-- The contents that publications ever named, by Git's id: those are kept.
CREATE TABLE named (blob TEXT PRIMARY KEY) WITHOUT ROWID;
DELETE FROM published;
DELETE FROM docs;
DELETE FROM pages;
UPDATE position SET value = 0;
