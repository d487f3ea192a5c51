-- +goose Up
-- Whom a notice about an exemption or an initiative concerns is chosen when it is due. The
-- rows are folded anew.
ALTER TABLE standing ADD COLUMN open TEXT NOT NULL DEFAULT '[]'; -- JSON: ids of the rules that do not let it pass

-- Notices about which that is not chosen yet.
CREATE TABLE planned (
    notice INTEGER PRIMARY KEY,
    due    INTEGER NOT NULL,
    owner  TEXT    NOT NULL, -- full ref of whom it concerns whatever happens; may be empty
    entity TEXT    NOT NULL, -- full ref of whose owner it concerns; may be empty
    card   TEXT    NOT NULL, -- likewise, of the scorecard
    asks   INTEGER NOT NULL, -- 1: the owners of what the card judges, if that has not
    level  TEXT    NOT NULL, -- this level, or
    rules  TEXT    NOT NULL  -- these rules left to reach: JSON, ids
);
CREATE INDEX planned_due ON planned (due);

-- Whom these would concern now.
CREATE VIEW chosen AS
    SELECT p.notice, p.due, p.owner AS ref FROM planned AS p WHERE p.owner <> ''
UNION
    SELECT p.notice, p.due, k.owner FROM planned AS p CROSS JOIN known AS k ON k.ref IN (p.entity, p.card) WHERE k.owner <> ''
UNION
    SELECT p.notice, p.due, k.owner FROM planned AS p CROSS JOIN known AS c ON c.ref = p.card
        CROSS JOIN standing AS s ON s.card = p.card CROSS JOIN known AS k ON k.ref = s.entity
    WHERE p.asks AND p.level <> '' AND k.owner <> ''
        AND ifnull((SELECT value FROM json_each(c.says, '$.ladder') WHERE key = s.level), 0) < ifnull((SELECT value FROM json_each(c.says, '$.ladder') WHERE key = p.level), 1000000)
UNION
    SELECT p.notice, p.due, k.owner FROM planned AS p CROSS JOIN known AS c ON c.ref = p.card
        CROSS JOIN standing AS s ON s.card = p.card CROSS JOIN known AS k ON k.ref = s.entity
    WHERE p.asks AND p.level = '' AND k.owner <> ''
        AND EXISTS (SELECT 1 FROM json_each(s.open) AS o JOIN json_each(p.rules) AS r ON r.value = o.value
            WHERE ifnull((SELECT value FROM json_each(c.says, '$.from') WHERE key = o.value), '') <= date(p.due / 1000000000, 'unixepoch'));

DELETE FROM notices;
DELETE FROM concerns;
DELETE FROM falls;
DELETE FROM known;
DELETE FROM standing;
UPDATE position SET value = 0;
