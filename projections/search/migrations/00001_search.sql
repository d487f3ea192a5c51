-- +goose Up
CREATE TABLE position (value INTEGER NOT NULL);
INSERT INTO position VALUES (0);

-- What can be found: each row is how one document was from an event to the next.
CREATE TABLE documents (
    id       INTEGER PRIMARY KEY, -- rowid of its texts
    type     TEXT    NOT NULL,    -- see search.Types
    ref      TEXT    NOT NULL,    -- full ref of the entity that it is, or belongs to
    kind     TEXT    NOT NULL,    -- of that entity, in lower case
    place    TEXT    NOT NULL,    -- path of a page in its site, or an operation; empty for the entity itself
    owner    TEXT    NOT NULL,    -- full ref; empty for nobody
    called   TEXT    NOT NULL,    -- its name as people type it: words in lower case
    titled   TEXT    NOT NULL,    -- the same of its title
    digest   TEXT    NOT NULL,    -- of all that is written down of it
    changed  INTEGER NOT NULL,    -- when something about it changed last; nanoseconds since 1970, UTC
    position INTEGER NOT NULL,    -- of the event that began it
    since    INTEGER NOT NULL,    -- when it began
    ended    INTEGER NOT NULL DEFAULT 0, -- position of the event that ended it; 0 while it lasts
    until    INTEGER NOT NULL DEFAULT 0  -- when it ended
);
CREATE UNIQUE INDEX documents_place ON documents (ref, type, place, position);
CREATE INDEX documents_called ON documents (called) WHERE ended = 0;
CREATE INDEX documents_titled ON documents (titled) WHERE ended = 0;
CREATE INDEX documents_changed ON documents (changed) WHERE ended = 0;

-- The texts of documents that last, and of those that ended; says is JSON of what is shown
-- besides. They stand apart from what each search looks through.
CREATE VIRTUAL TABLE texts USING fts5 (name, title, about, body, aside, says UNINDEXED, tokenize = "unicode61 remove_diacritics 2", prefix = '2 3');
CREATE VIRTUAL TABLE past USING fts5 (name, title, about, body, aside, says UNINDEXED, tokenize = "unicode61 remove_diacritics 2", prefix = '2 3');

-- The words of names and titles of documents that last, to tell what a slip was meant to be.
CREATE TABLE words (
    word      TEXT    PRIMARY KEY,
    back      TEXT    NOT NULL, -- the word read backward
    documents INTEGER NOT NULL  -- that have it
) WITHOUT ROWID;
CREATE INDEX words_back ON words (back);

-- Which entities refer to which, now, and how many refer to one.
CREATE TABLE refers (
    ref    TEXT NOT NULL,
    target TEXT NOT NULL,
    PRIMARY KEY (ref, target)
) WITHOUT ROWID;
CREATE TABLE referred (
    ref TEXT    PRIMARY KEY,
    n   INTEGER NOT NULL
) WITHOUT ROWID;
