-- +goose Up
CREATE TABLE position (value INTEGER NOT NULL);
INSERT INTO position VALUES (0);

-- How each entity stood on each scorecard, from an event to the next. Times are
-- nanoseconds since 1970, UTC.
CREATE TABLE scores (
    card     TEXT    NOT NULL, -- full refs
    entity   TEXT    NOT NULL,
    position INTEGER NOT NULL, -- of the event that began it
    since    INTEGER NOT NULL, -- when it began
    until    INTEGER NOT NULL DEFAULT 0, -- when it ended; 0 while it lasts
    level    TEXT    NOT NULL,
    before   TEXT    NOT NULL, -- the level before
    points   REAL    NOT NULL,
    of       REAL    NOT NULL,
    rules    TEXT    NOT NULL, -- JSON, all outcomes
    actor    TEXT    NOT NULL, -- JSON of event.Actor
    cause    TEXT    NOT NULL, -- JSON of event.Cause
    PRIMARY KEY (card, entity, position)
) WITHOUT ROWID;
CREATE INDEX scores_entity ON scores (entity, card, position);
