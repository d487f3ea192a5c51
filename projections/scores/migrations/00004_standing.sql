-- +goose Up
-- How each entity came to stand on each scorecard, without what explains it: what is
-- kept in memory. One without open rules, and gone, is not judged any more. The rows are
-- folded anew.
CREATE TABLE standing (
    position INTEGER PRIMARY KEY, -- of the event
    card     TEXT    NOT NULL, -- full refs
    entity   TEXT    NOT NULL,
    since    INTEGER NOT NULL,
    gone     INTEGER NOT NULL, -- 1: it is not judged from then on
    level    TEXT    NOT NULL,
    points   REAL    NOT NULL,
    of       REAL    NOT NULL,
    open     TEXT    NOT NULL -- rules that do not pass: "docs=fail owner=unknown"
);
DELETE FROM scores;
DELETE FROM tallies;
UPDATE position SET value = 0;
