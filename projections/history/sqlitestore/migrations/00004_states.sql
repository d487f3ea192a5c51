-- +goose Up
-- A row keeps the state that its event led to, and is compared with the newest of
-- what it is about: there is no table of the newest states any more. Of the indexes
-- those are gone that others serve for. All is folded anew.
DROP TABLE newest;
DROP TABLE events;
UPDATE position SET value = 0;

-- Times are nanoseconds since 1970, UTC.
CREATE TABLE events (
    position   INTEGER PRIMARY KEY,
    id         TEXT    NOT NULL,
    type       TEXT    NOT NULL,
    source     TEXT    NOT NULL,
    subject    TEXT    NOT NULL,
    kind       TEXT    NOT NULL,
    time       INTEGER NOT NULL,
    recorded   INTEGER NOT NULL,
    actor      TEXT    NOT NULL,
    login      TEXT    NOT NULL,
    name       TEXT    NOT NULL,
    email      TEXT    NOT NULL,
    sha        TEXT    NOT NULL,
    cause      TEXT    NOT NULL,
    summary    TEXT    NOT NULL,
    changes    TEXT    NOT NULL,
    text       TEXT    NOT NULL,
    backfilled INTEGER NOT NULL, -- 1 = it was found in the past after the fact
    about      TEXT,             -- whose state it tells; NULL = nobody's
    state      BLOB              -- from then on, as compressed JSON
);
CREATE INDEX events_subject ON events (subject, time, position);
CREATE INDEX events_about   ON events (about, position) WHERE about IS NOT NULL;
CREATE INDEX events_sha     ON events (sha) WHERE sha <> '';
CREATE INDEX events_type    ON events (type, position);
CREATE INDEX events_source  ON events (source, position);
CREATE INDEX events_actor   ON events (actor, position);
CREATE INDEX events_time    ON events (time);
