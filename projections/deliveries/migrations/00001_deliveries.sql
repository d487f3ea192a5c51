-- +goose Up
CREATE TABLE position (value INTEGER NOT NULL);
INSERT INTO position VALUES (0);

-- Times are nanoseconds since 1970, UTC.
CREATE TABLE deliveries (
    position   INTEGER PRIMARY KEY,
    id         TEXT    NOT NULL UNIQUE,
    source     TEXT    NOT NULL,
    event      TEXT    NOT NULL,
    received   INTEGER NOT NULL,
    size       INTEGER NOT NULL,
    status     TEXT    NOT NULL,
    repository TEXT    NOT NULL DEFAULT '',
    error      TEXT    NOT NULL DEFAULT '',
    events     TEXT    NOT NULL DEFAULT '',
    attempts   INTEGER NOT NULL DEFAULT 0,
    took       INTEGER NOT NULL DEFAULT 0,
    retry_at   INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX deliveries_source ON deliveries (source, position);
CREATE INDEX deliveries_status ON deliveries (status, position);

-- The commit that the catalog was last brought to, for each repository.
CREATE TABLE reached (
    source     TEXT NOT NULL,
    repository TEXT NOT NULL,
    sha        TEXT NOT NULL,
    PRIMARY KEY (source, repository)
) WITHOUT ROWID;
