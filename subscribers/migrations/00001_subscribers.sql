-- +goose Up
CREATE TABLE subscribers (
    name          TEXT    PRIMARY KEY,
    position      INTEGER NOT NULL,            -- it has, or is not to have, all events up to this one
    batch         INTEGER NOT NULL DEFAULT 0,  -- events in the next request; 0 = as many as it takes
    paused        TEXT    NOT NULL DEFAULT '', -- why nothing is sent; '' = it is
    paused_at     INTEGER NOT NULL DEFAULT 0,  -- nanoseconds since 1970, UTC, as all times here
    delivered_at  INTEGER NOT NULL DEFAULT 0,
    failures      INTEGER NOT NULL DEFAULT 0,  -- in a row
    failing_since INTEGER NOT NULL DEFAULT 0,
    retry_at      INTEGER NOT NULL DEFAULT 0,
    reason        TEXT    NOT NULL DEFAULT '', -- of the last failure
    refusals      INTEGER NOT NULL DEFAULT 0,  -- of the next event, alone
    refused_since INTEGER NOT NULL DEFAULT 0
);

CREATE TABLE attempts (
    id         INTEGER PRIMARY KEY,
    subscriber TEXT    NOT NULL,
    at         INTEGER NOT NULL,
    kind       TEXT    NOT NULL,
    first      INTEGER NOT NULL, -- positions
    last       INTEGER NOT NULL,
    events     INTEGER NOT NULL,
    verdict    TEXT    NOT NULL,
    status     INTEGER NOT NULL,
    reason     TEXT    NOT NULL,
    answer     TEXT    NOT NULL,
    took       INTEGER NOT NULL  -- nanoseconds
);
CREATE INDEX attempts_subscriber ON attempts (subscriber, id);

CREATE TABLE dead_letters (
    subscriber TEXT    NOT NULL,
    position   INTEGER NOT NULL, -- of the event, which the log has
    type       TEXT    NOT NULL,
    subject    TEXT    NOT NULL,
    since      INTEGER NOT NULL, -- first refusal
    at         INTEGER NOT NULL, -- last attempt
    attempts   INTEGER NOT NULL,
    status     INTEGER NOT NULL,
    reason     TEXT    NOT NULL,
    answer     TEXT    NOT NULL,
    PRIMARY KEY (subscriber, position)
) WITHOUT ROWID;
