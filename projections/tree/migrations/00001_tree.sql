-- +goose Up
CREATE TABLE position (value INTEGER NOT NULL);
INSERT INTO position VALUES (0);

-- The hash of each event, and those of the trees that it is the last leaf of, from
-- the smallest to the largest, 32 bytes each.
CREATE TABLE hashes (
    position INTEGER PRIMARY KEY,
    hashes   BLOB NOT NULL
);

CREATE TABLE seals (
    position INTEGER PRIMARY KEY, -- of the event
    size     INTEGER NOT NULL,
    note     TEXT    NOT NULL,
    recorded INTEGER NOT NULL     -- nanoseconds since 1970, UTC
);
CREATE INDEX seals_size ON seals (size);
