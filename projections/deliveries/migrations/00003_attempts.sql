-- +goose Up
ALTER TABLE deliveries ADD COLUMN removes INTEGER NOT NULL DEFAULT 0;

-- What became of each delivery, time and again. Rows of before this table begin with it.
CREATE TABLE attempts (
    delivery TEXT    NOT NULL,
    position INTEGER NOT NULL,
    at       INTEGER NOT NULL,
    status   TEXT    NOT NULL, -- "" for a replay
    reason   TEXT    NOT NULL, -- the error, or why it was replayed
    tries    INTEGER NOT NULL,
    took     INTEGER NOT NULL,
    allowed  INTEGER NOT NULL,
    PRIMARY KEY (delivery, position)
) WITHOUT ROWID;

DROP INDEX deliveries_backlog;
CREATE INDEX deliveries_backlog ON deliveries (status, received, source);
CREATE INDEX deliveries_event ON deliveries (source, event, position);
