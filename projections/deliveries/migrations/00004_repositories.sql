-- +goose Up
-- The forge's id of the repository that a delivery is about, and the commit that it
-- tells of; empty as long as that is not known. Rows of before have neither.
ALTER TABLE deliveries ADD COLUMN repository_id TEXT NOT NULL DEFAULT '';
ALTER TABLE deliveries ADD COLUMN head TEXT NOT NULL DEFAULT '';
CREATE INDEX deliveries_repository ON deliveries (source, repository_id, position);

-- That of the delivery that the commit was reached by.
ALTER TABLE reached ADD COLUMN position INTEGER NOT NULL DEFAULT 0;
