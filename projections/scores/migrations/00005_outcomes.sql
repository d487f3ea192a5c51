-- +goose Up
-- What is kept in memory tells of the rules that pass, too, so that it can be said how many
-- entities a rule was asked of. The rows are folded anew.
ALTER TABLE standing RENAME COLUMN open TO outcomes; -- of rules that apply: "docs=fail owner=pass"
DELETE FROM standing;
DELETE FROM scores;
DELETE FROM tallies;
UPDATE position SET value = 0;
