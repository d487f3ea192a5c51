-- +goose Up
-- All there is of it: the files 1 to 5 came before any release, and what they made is made
-- anew and folded anew.
DROP VIEW IF EXISTS chosen;
DROP TABLE IF EXISTS position;
DROP TABLE IF EXISTS notices;
DROP TABLE IF EXISTS concerns;
DROP TABLE IF EXISTS falls;
DROP TABLE IF EXISTS requests;
DROP TABLE IF EXISTS known;
DROP TABLE IF EXISTS standing;
DROP TABLE IF EXISTS planned;
DROP TABLE IF EXISTS goals;

CREATE TABLE position (value INTEGER NOT NULL);
INSERT INTO position VALUES (0);

-- What is told, to whom. Times are nanoseconds since 1970, UTC.
CREATE TABLE notices (
    id       INTEGER PRIMARY KEY, -- in the order in which they are folded
    kind     TEXT    NOT NULL,
    card     TEXT    NOT NULL, -- full ref of the scorecard
    about    TEXT    NOT NULL, -- full ref: exemption or initiative; empty for what is grouped
    owner    TEXT    NOT NULL, -- what is grouped by, besides kind and card: whose entities fell
    position INTEGER NOT NULL, -- of the event that it is due to
    time     INTEGER NOT NULL, -- when it was so
    shown    INTEGER NOT NULL, -- since when it is seen in the portal, as it is now
    ripe     INTEGER NOT NULL UNIQUE, -- from when on it is sent out, and changes no more
    gathered INTEGER NOT NULL, -- 1: it waits for the hour after the one before
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
    begun_at INTEGER NOT NULL, -- since when it is so as the row says; the fall itself may be older
    ended_at INTEGER NOT NULL DEFAULT 0, -- until when, if that is over
    was      TEXT    NOT NULL, -- level
    now      TEXT    NOT NULL, -- level
    why      TEXT    NOT NULL, -- JSON: rules, actor, cause
    PRIMARY KEY (notice, entity, position)
) WITHOUT ROWID;
CREATE INDEX falls_entity ON falls (entity, card) WHERE ended = 0;

-- The requests for exemptions, or decisions about them, of a notice.
CREATE TABLE requests (
    notice    INTEGER NOT NULL,
    exemption TEXT    NOT NULL, -- full ref
    position  INTEGER NOT NULL, -- of the event that says so
    time      INTEGER NOT NULL,
    ended     INTEGER NOT NULL DEFAULT 0, -- position of the event since which it is not so; 0: it is
    ended_at  INTEGER NOT NULL DEFAULT 0, -- when that was known
    says      TEXT    NOT NULL, -- JSON
    PRIMARY KEY (notice, position)
) WITHOUT ROWID;
CREATE INDEX requests_exemption ON requests (exemption) WHERE ended = 0;

-- What must be known of entities: where they are declared, who owns them, and what a card says.
CREATE TABLE known (
    ref        TEXT PRIMARY KEY,
    source     TEXT NOT NULL,
    repository TEXT NOT NULL, -- its id
    path       TEXT NOT NULL, -- of the file
    owner      TEXT NOT NULL, -- full ref; empty if nobody does
    title      TEXT NOT NULL,
    says       TEXT NOT NULL  -- JSON of a card: its ladder, and its rules
) WITHOUT ROWID;

-- What entities have left to do now.
CREATE TABLE standing (
    card   TEXT NOT NULL,
    entity TEXT NOT NULL,
    open   TEXT NOT NULL, -- JSON of the rules that do not let it pass, by their ids
    PRIMARY KEY (card, entity)
) WITHOUT ROWID;

-- Initiatives that are open.
CREATE TABLE goals (
    ref  TEXT PRIMARY KEY, -- of the initiative
    card TEXT NOT NULL, -- full ref of the scorecard
    says TEXT NOT NULL  -- JSON of it, and who opened or changed it
) WITHOUT ROWID;
CREATE INDEX goals_card ON goals (card);

-- Exemptions that are granted, and that were until they ended.
CREATE TABLE exemptions (
    ref    TEXT PRIMARY KEY,
    card   TEXT    NOT NULL, -- full ref of the scorecard
    entity TEXT    NOT NULL, -- full ref
    ended  INTEGER NOT NULL, -- position of the event that says so; 0: it holds
    says   TEXT    NOT NULL  -- JSON: its rules, and how it ended
) WITHOUT ROWID;
CREATE INDEX exemptions_entity ON exemptions (entity, card);

-- Notices of a day to come, which concern who owns an entity then.
CREATE TABLE planned (
    notice INTEGER PRIMARY KEY,
    due    INTEGER NOT NULL,
    entity TEXT    NOT NULL -- full ref
);
CREATE INDEX planned_due ON planned (due);

-- Whom these would concern now.
CREATE VIEW chosen AS
    SELECT p.notice, p.due, k.owner AS ref FROM planned AS p JOIN known AS k ON k.ref = p.entity WHERE k.owner <> '';
