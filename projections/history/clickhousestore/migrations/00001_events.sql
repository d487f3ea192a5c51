-- +goose Up
-- Every statement can be run again: ClickHouse has no transactions, and a migration
-- that was cut off is begun anew. What is written is on disk before the next insert
-- begins, so that no crash leaves the position without its rows.
--
-- One row for each event, in the order of the log. Times are nanoseconds since 1970,
-- UTC. A batch may be written twice, with the same rows: reads take one of each position.
CREATE TABLE IF NOT EXISTS events (
    position   UInt64 CODEC(Delta, ZSTD(1)),
    id         String CODEC(ZSTD(1)),
    type       LowCardinality(String),
    origin     LowCardinality(String), -- the source as CloudEvents have it
    source     LowCardinality(String), -- its name
    subject    String CODEC(ZSTD(1)),
    kind       LowCardinality(String),
    time       Int64 CODEC(Delta, ZSTD(1)),
    recorded   Int64 CODEC(Delta, ZSTD(1)),
    truth      Int64 CODEC(Delta, ZSTD(1)), -- time, but never before that of the row before about the same
    actor      LowCardinality(String),
    login      LowCardinality(String),
    name       LowCardinality(String),
    email      LowCardinality(String),
    sha        String CODEC(ZSTD(1)),
    cause      String CODEC(ZSTD(1)), -- as JSON
    caused     String CODEC(ZSTD(1)), -- by this delivery, request or schedule
    summary    String CODEC(ZSTD(1)),
    changes    String CODEC(ZSTD(1)), -- as JSON
    text       String CODEC(ZSTD(1)),
    backfilled Bool,                  -- it was found in the past after the fact
    folded     Bool,                  -- the catalog is folded from it
    file       String CODEC(ZSTD(1)), -- of the descriptor; '' = of none
    extensions String CODEC(ZSTD(1)), -- as JSON; '' = there are none
    data       String CODEC(ZSTD(1)), -- what the event says, as JSON
    happened_at DateTime64(6, 'UTC') ALIAS fromUnixTimestamp64Nano(time, 'UTC'),
    recorded_at DateTime64(6, 'UTC') ALIAS fromUnixTimestamp64Nano(recorded, 'UTC'),
    INDEX by_type   type   TYPE set(32)            GRANULARITY 1,
    INDEX by_time   time   TYPE minmax             GRANULARITY 1,
    INDEX by_sha    substring(sha, 1, 7) TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX by_caused caused TYPE bloom_filter(0.01) GRANULARITY 1
) ENGINE = ReplacingMergeTree ORDER BY position SETTINGS index_granularity = 1024, fsync_after_insert = 1, fsync_part_directory = 1;

-- The same rows, together for each subject.
CREATE TABLE IF NOT EXISTS events_by_subject AS events
ENGINE = ReplacingMergeTree ORDER BY (subject, position) SETTINGS index_granularity = 1024, fsync_after_insert = 1, fsync_part_directory = 1;

ALTER TABLE events_by_subject ADD INDEX IF NOT EXISTS by_file file TYPE bloom_filter(0.01) GRANULARITY 1;

-- The newest state of each thing that events tell of. A batch writes it last, with a
-- row about nothing that bears the position of its last event: only then the rows of
-- the batch count.
CREATE TABLE IF NOT EXISTS newest (
    about    String,
    position UInt64,
    truth    Int64,
    state    String CODEC(ZSTD(1)), -- as JSON
    declares UInt64,                -- position of the event that declares the entity; 0 = of none
    declared String CODEC(ZSTD(1))  -- its data
) ENGINE = ReplacingMergeTree(position) ORDER BY about SETTINGS index_granularity = 256, fsync_after_insert = 1, fsync_part_directory = 1;
