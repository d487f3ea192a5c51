-- +goose Up
CREATE INDEX events_source ON events (source, position);
CREATE INDEX events_time   ON events (time);
