-- +goose Up
CREATE TABLE position (value INTEGER NOT NULL);
INSERT INTO position VALUES (0);

-- What is told, to whom. Times are nanoseconds since 1970, UTC.
CREATE TABLE notices (
    id       INTEGER PRIMARY KEY, -- in the order in which they are folded
    kind     TEXT    NOT NULL,
    card     TEXT    NOT NULL, -- full ref of the scorecard
    about    TEXT    NOT NULL, -- full ref: exemption or initiative; empty for a drop
    owner    TEXT    NOT NULL, -- whose entities fell; what drops are grouped by
    position INTEGER NOT NULL, -- of the event that it is due to
    time     INTEGER NOT NULL, -- when it was so
    shown    INTEGER NOT NULL, -- since when it is seen in the portal, as it is now
    ripe     INTEGER NOT NULL UNIQUE, -- from when on it is sent out, and changes no more
    gone     INTEGER NOT NULL DEFAULT 0, -- position of the event that took it back; 0: none did
    gone_at  INTEGER NOT NULL DEFAULT 0, -- when that was
    says     TEXT    NOT NULL  -- JSON of what else there is to say
);
CREATE INDEX notices_shown ON notices (shown);
CREATE INDEX notices_group ON notices (kind, card, owner, id);
CREATE INDEX notices_about ON notices (about, kind);

-- Whom it concerns.
CREATE TABLE concerns (
    ref    TEXT    NOT NULL, -- full ref of a group or user
    notice INTEGER NOT NULL,
    PRIMARY KEY (ref, notice)
) WITHOUT ROWID;
CREATE INDEX concerns_notice ON concerns (notice);

-- The entities of a drop. One that falls further, or rises a little, has another row.
CREATE TABLE falls (
    notice   INTEGER NOT NULL,
    entity   TEXT    NOT NULL,
    card     TEXT    NOT NULL,
    position INTEGER NOT NULL,
    time     INTEGER NOT NULL,
    ended    INTEGER NOT NULL DEFAULT 0, -- position of the event since which it is not so; 0: it is
    was      TEXT    NOT NULL, -- level
    now      TEXT    NOT NULL, -- level
    why      TEXT    NOT NULL, -- JSON: rules, actor, cause
    PRIMARY KEY (notice, entity, position)
) WITHOUT ROWID;
CREATE INDEX falls_entity ON falls (entity, card) WHERE ended = 0;

-- What must be known of entities: who owns them, and what a card or an initiative says.
CREATE TABLE known (
    ref   TEXT PRIMARY KEY,
    owner TEXT NOT NULL, -- full ref; empty if nobody does
    title TEXT NOT NULL,
    says  TEXT NOT NULL  -- JSON: ladder of a card, reminders of an initiative
) WITHOUT ROWID;

-- At which level entities stand now.
CREATE TABLE standing (
    card   TEXT NOT NULL,
    entity TEXT NOT NULL,
    level  TEXT NOT NULL,
    PRIMARY KEY (card, entity)
) WITHOUT ROWID;
