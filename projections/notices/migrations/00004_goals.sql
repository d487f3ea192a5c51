-- +goose Up
-- Initiatives that are open, and whether they can be measured: nobody is told of one that
-- cannot. The rows are folded anew.
CREATE TABLE goals (
    ref      TEXT PRIMARY KEY, -- of the initiative
    card     TEXT    NOT NULL, -- full ref of the scorecard
    says     TEXT    NOT NULL, -- JSON of event.Initiative
    measured INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX goals_card ON goals (card);

DELETE FROM notices;
DELETE FROM concerns;
DELETE FROM falls;
DELETE FROM known;
DELETE FROM standing;
DELETE FROM planned;
UPDATE position SET value = 0;
