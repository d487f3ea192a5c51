-- +goose Up
CREATE TABLE position (value INTEGER NOT NULL);
INSERT INTO position VALUES (0);

-- Times are nanoseconds since 1970, UTC.
CREATE TABLE repositories (
    source   TEXT    NOT NULL,
    id       TEXT    NOT NULL,
    name     TEXT    NOT NULL, -- full name, as it is now
    state    TEXT    NOT NULL, -- event.RepositoryState as JSON
    archived INTEGER NOT NULL,
    seen     INTEGER NOT NULL, -- when the first event of it became true
    changed  INTEGER NOT NULL, -- position of the newest event
    deleted  INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (source, id)
) WITHOUT ROWID;
CREATE INDEX repositories_name ON repositories (source, name);

-- Every name that a repository has had; a name belongs to who had it last.
CREATE TABLE names (
    source TEXT NOT NULL,
    name   TEXT NOT NULL COLLATE NOCASE,
    id     TEXT NOT NULL,
    PRIMARY KEY (source, name)
) WITHOUT ROWID;

CREATE TABLE gaps (
    source     TEXT    NOT NULL,
    id         TEXT    NOT NULL,
    gap        TEXT    NOT NULL, -- event.SourceGapFound as JSON
    found      INTEGER NOT NULL,
    found_at   INTEGER NOT NULL, -- position
    closed     INTEGER NOT NULL DEFAULT 0,
    closed_at  INTEGER NOT NULL DEFAULT 0,
    closing    TEXT    NOT NULL DEFAULT '', -- for people
    lost       INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (source, id)
) WITHOUT ROWID;
CREATE INDEX gaps_open ON gaps (source, closed_at);

CREATE TABLE notices (
    source   TEXT    NOT NULL,
    position INTEGER NOT NULL,
    at       INTEGER NOT NULL,
    notice   TEXT    NOT NULL, -- event.SourceNoticed as JSON
    PRIMARY KEY (source, position)
) WITHOUT ROWID;
