-- +goose Up
CREATE TABLE reports (
    id            INTEGER PRIMARY KEY,
    source        TEXT    NOT NULL,
    repository_id TEXT    NOT NULL,
    repository    TEXT    NOT NULL, -- full name then
    number        INTEGER NOT NULL, -- of the pull request
    sha           TEXT    NOT NULL, -- of its head; '' = not known
    unwritten     INTEGER NOT NULL, -- the forge was not told, or nothing could be
    report        TEXT    NOT NULL  -- JSON
);

CREATE INDEX reports_source ON reports (source, id);
CREATE INDEX reports_commit ON reports (source, repository, sha);
