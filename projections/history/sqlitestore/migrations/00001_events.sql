-- +goose Up
CREATE TABLE position (value INTEGER NOT NULL);
INSERT INTO position VALUES (0);

-- Times are nanoseconds since 1970, UTC.
CREATE TABLE events (
    position INTEGER PRIMARY KEY,
    id       TEXT    NOT NULL,
    type     TEXT    NOT NULL,
    source   TEXT    NOT NULL,
    subject  TEXT    NOT NULL,
    kind     TEXT    NOT NULL,
    time     INTEGER NOT NULL,
    recorded INTEGER NOT NULL,
    actor    TEXT    NOT NULL,
    login    TEXT    NOT NULL,
    name     TEXT    NOT NULL,
    email    TEXT    NOT NULL,
    delivery TEXT    NOT NULL,
    sha      TEXT    NOT NULL,
    cause    TEXT    NOT NULL,
    summary  TEXT    NOT NULL,
    changes  TEXT    NOT NULL,
    text     TEXT    NOT NULL
);
CREATE INDEX events_subject  ON events (subject, position);
CREATE INDEX events_type     ON events (type, position);
CREATE INDEX events_actor    ON events (actor, position);
CREATE INDEX events_sha      ON events (sha);
CREATE INDEX events_delivery ON events (delivery);

-- The newest state of each entity as JSON, to tell what the next event changes.
CREATE TABLE newest (
    subject TEXT PRIMARY KEY,
    state   TEXT NOT NULL
) WITHOUT ROWID;
