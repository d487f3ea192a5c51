-- +goose Up
-- Looks that are pending, by the repository: which of these were never read is asked with every page.
CREATE INDEX deliveries_looks ON deliveries (source, repository_id) WHERE event = 'look' AND status IN ('received', 'waiting');
