-- +goose Up
CREATE TABLE position (value INTEGER NOT NULL);
INSERT INTO position VALUES (0);

-- What each docs.published said.
CREATE TABLE published (
    position INTEGER PRIMARY KEY, -- of the event
    since    INTEGER NOT NULL,    -- when; nanoseconds since 1970, UTC
    summary  TEXT    NOT NULL,    -- JSON of event.DocsPublished without pages and files
    pages    INTEGER NOT NULL,    -- how many there are
    files    TEXT    NOT NULL,    -- JSON of the same, whole
    actor    TEXT    NOT NULL,    -- JSON of event.Actor
    cause    TEXT    NOT NULL     -- JSON of event.Cause
);

-- How the documentation of each entity stood, from an event to the next.
CREATE TABLE docs (
    entity    TEXT    NOT NULL, -- full ref
    position  INTEGER NOT NULL, -- of the event that began it
    since     INTEGER NOT NULL, -- when it began
    until     INTEGER NOT NULL DEFAULT 0, -- when it ended; 0 while it lasts
    ended     INTEGER NOT NULL DEFAULT 0, -- position of the event that ended it; 0 while it lasts
    published INTEGER NOT NULL, -- position of what is shown; 0 for nothing
    failure   TEXT    NOT NULL, -- JSON of event.DocsFailed; empty if the newest commit can be shown
    actor     TEXT    NOT NULL, -- JSON of event.Actor
    cause     TEXT    NOT NULL, -- JSON of event.Cause
    PRIMARY KEY (entity, position)
) WITHOUT ROWID;

-- Since which publication each page has its content.
CREATE TABLE pages (
    entity   TEXT    NOT NULL,
    path     TEXT    NOT NULL, -- in the site
    position INTEGER NOT NULL, -- of the publication
    ended    INTEGER NOT NULL DEFAULT 0, -- position of the event that ended it; 0 while it lasts
    blob     TEXT    NOT NULL,
    PRIMARY KEY (entity, path, position)
) WITHOUT ROWID;
