-- +goose Up
-- What files of documentation hold, by Git's id of it.
CREATE TABLE blobs (
    id      TEXT PRIMARY KEY,
    content BLOB NOT NULL
) WITHOUT ROWID;
-- Pages as they were rendered, by a digest of all that they depend on.
CREATE TABLE pages (
    key     TEXT PRIMARY KEY,
    content BLOB NOT NULL -- JSON of techdocs.Content
) WITHOUT ROWID;
