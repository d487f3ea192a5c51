-- +goose Up
-- How many entities came to stand so on each day, less those that ceased to: what trends
-- are added up from. The rows are folded anew.
CREATE TABLE tallies (
    card    TEXT    NOT NULL, -- full ref
    day     INTEGER NOT NULL, -- days since 1970, UTC
    rule    TEXT    NOT NULL, -- id; empty: the outcome is a level
    outcome TEXT    NOT NULL,
    n       INTEGER NOT NULL,
    points  REAL    NOT NULL, -- where the outcome is a level
    of      REAL    NOT NULL,
    PRIMARY KEY (card, day, rule, outcome)
) WITHOUT ROWID;
CREATE INDEX scores_moves ON scores (card, since) WHERE level <> before;
DELETE FROM scores;
UPDATE position SET value = 0;
