-- +goose Up
-- Facts of entities have no source, and the full ref of the entity as their id. What somebody
-- reports holds until a time (0: as long as whoever uses it decides), and has a name beside it.
ALTER TABLE facts ADD COLUMN until INTEGER NOT NULL DEFAULT 0;
ALTER TABLE facts ADD COLUMN actor TEXT NOT NULL DEFAULT '';
