-- +goose Up
-- Falls are as of a moment, and rules that do not let an entity pass have their outcome. The
-- rows are folded anew.
ALTER TABLE falls ADD COLUMN begun_at INTEGER NOT NULL DEFAULT 0; -- since when it is so as the row says; the fall itself may be older
ALTER TABLE falls ADD COLUMN ended_at INTEGER NOT NULL DEFAULT 0; -- until when, if that is over

-- Whom planned notices would concern now. In standing, open is JSON now by the ids of the
-- rules that do not let it pass.
DROP VIEW chosen;
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
        AND EXISTS (SELECT 1 FROM json_each(s.open) AS o JOIN json_each(p.rules) AS r ON r.value = o.key
            WHERE ifnull((SELECT value FROM json_each(c.says, '$.from') WHERE key = o.key), '') <= date(p.due / 1000000000, 'unixepoch'));

DELETE FROM notices;
DELETE FROM concerns;
DELETE FROM falls;
DELETE FROM known;
DELETE FROM standing;
DELETE FROM planned;
UPDATE position SET value = 0;
