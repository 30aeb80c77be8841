-- What fails alone: attempts that are noted before they are made, partitions that are parked, and what was put aside.

CREATE TABLE custodian.suspects (
    consumer         text        NOT NULL,
    -- Empty for wake-ups, which have a state and no record.
    topic            text        NOT NULL,
    partition        integer     NOT NULL,
    -- The key of the state that is woken; empty for records.
    key              text        NOT NULL DEFAULT '',
    "offset"         bigint      NOT NULL,
    -- False: a whole batch that begins here.
    alone            boolean     NOT NULL,
    -- With the attempt that runs: a process that dies of it need not write anything more.
    failures         integer     NOT NULL,
    -- False while the attempt runs, and for ever when the process died of it.
    answered         boolean     NOT NULL,
    fault            text,
    traceback_sha256 text,
    since            timestamptz NOT NULL,
    tried_at         timestamptz NOT NULL,
    parked_at        timestamptz,
    asked            text CHECK (asked IN ('retry', 'skip')),
    asked_by         text,
    asked_reason     text,
    PRIMARY KEY (consumer, topic, partition, key)
) WITH (fillfactor = 20);

CREATE TABLE custodian.set_aside (
    consumer         text        NOT NULL,
    topic            text        NOT NULL,
    partition        integer     NOT NULL,
    "offset"         bigint      NOT NULL,
    dead_letter_id   text        NOT NULL,
    fault            text        NOT NULL,
    traceback_sha256 text,
    failures         integer     NOT NULL,
    -- Null: by the program itself.
    skipped_by       text,
    at               timestamptz NOT NULL,
    PRIMARY KEY (consumer, topic, partition, "offset")
);

CREATE INDEX set_aside_by_time ON custodian.set_aside (consumer, at);

-- When the processes of one instance were started, for who dies again and again: those of the last minutes, the newest last.
ALTER TABLE custodian.roles ADD COLUMN starts timestamptz[] NOT NULL DEFAULT '{}';

COMMENT ON TABLE custodian.suspects IS 'Attempts noted before they are made; a row with parked_at is a partition that stands until a person has looked.';
COMMENT ON TABLE custodian.set_aside IS 'Records that were dead-lettered because they failed again and again, or because a person skipped them.';
