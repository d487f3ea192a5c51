-- +goose Up
-- A row keeps all of its event, and when it counts from, so that the catalog can be
-- folded as it was. All is folded anew.
DROP TABLE events;
UPDATE position SET value = 0;

-- Times are nanoseconds since 1970, UTC.
CREATE TABLE events (
    position   INTEGER PRIMARY KEY,
    id         TEXT    NOT NULL,
    type       TEXT    NOT NULL,
    source     TEXT    NOT NULL, -- its name
    subject    TEXT    NOT NULL,
    kind       TEXT    NOT NULL,
    time       INTEGER NOT NULL,
    recorded   INTEGER NOT NULL,
    truth      INTEGER NOT NULL, -- time, but never before that of the row before about the same
    actor      TEXT    NOT NULL,
    login      TEXT    NOT NULL,
    name       TEXT    NOT NULL,
    email      TEXT    NOT NULL,
    sha        TEXT    NOT NULL,
    cause      TEXT    NOT NULL, -- as JSON
    caused     TEXT    NOT NULL, -- by this delivery, request or schedule
    summary    TEXT    NOT NULL,
    changes    TEXT    NOT NULL,
    text       TEXT    NOT NULL,
    backfilled INTEGER NOT NULL, -- 1 = it was found in the past after the fact
    folded     INTEGER NOT NULL, -- 1 = the catalog is folded from it
    file       TEXT    NOT NULL, -- of the descriptor; '' = of none
    about      TEXT,             -- whose state it tells; NULL = nobody's
    state      TEXT,             -- from then on, as JSON
    declares   INTEGER NOT NULL, -- position of the row whose data declares the entity; 0 = of none
    rest       BLOB    NOT NULL  -- what else the event has, and its data, compressed
);
CREATE INDEX events_subject ON events (subject, truth, position, type, backfilled);
CREATE INDEX events_about   ON events (about, position) WHERE about IS NOT NULL;
CREATE INDEX events_file    ON events (file) WHERE file <> '';
CREATE INDEX events_unfit   ON events (file, type) WHERE type GLOB 'entity.rejected.*' OR type GLOB 'entity.conflicted.*';
CREATE INDEX events_sha     ON events (sha) WHERE sha <> '';
CREATE INDEX events_caused  ON events (caused, position) WHERE caused <> '';
CREATE INDEX events_type    ON events (type, position);
CREATE INDEX events_source  ON events (source, position);
CREATE INDEX events_actor   ON events (actor, position);
CREATE INDEX events_time    ON events (time);
CREATE INDEX events_truth   ON events (truth) WHERE folded = 1;
CREATE INDEX events_past    ON events (position) WHERE folded = 1 AND backfilled = 1;
