-- +goose Up
CREATE INDEX deliveries_backlog ON deliveries (status, received);
