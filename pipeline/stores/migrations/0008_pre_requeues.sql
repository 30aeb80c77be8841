-- Every requeue of a dead letter: a row before the record is produced, marked when Kafka has it; and letters that nobody will put back.

CREATE TABLE custodian.requeues (
    dead_letter_id text        NOT NULL,
    -- 1, and more only where somebody asked for it again: of two people who requeue the same death one makes the row.
    number         integer     NOT NULL CHECK (number > 0),
    -- The first death of the record, which the whole story is filed under.
    first_id       text        NOT NULL,
    -- How often the record has been put back with this time.
    times          integer     NOT NULL CHECK (times > 0),
    requeued_by    text        NOT NULL,
    reason         text,
    target         text        NOT NULL,
    begun_at       timestamptz NOT NULL,
    -- Null: begun, and not known whether Kafka has the record. Who finishes it produces the same headers and the same ce_id.
    produced_at    timestamptz,
    PRIMARY KEY (dead_letter_id, number)
);

CREATE INDEX requeues_by_story ON custodian.requeues (first_id);

CREATE TABLE custodian.closed_letters (
    dead_letter_id text        PRIMARY KEY,
    closed_by      text        NOT NULL,
    reason         text        NOT NULL,
    closed_at      timestamptz NOT NULL
);

-- Until now only the last one was noted, without a name. custodian.requeued is not written any more.
INSERT INTO custodian.requeues (dead_letter_id, number, first_id, times, requeued_by, target, begun_at, produced_at)
SELECT dead_letter_id, times, dead_letter_id, times, 'unknown', target, requeued_at, requeued_at FROM custodian.requeued;

COMMENT ON TABLE custodian.requeues IS 'Requeues of dead letters, who and why: asked before one is requeued, so that each death is put back once.';
COMMENT ON TABLE custodian.closed_letters IS 'Dead letters that a person has looked at and that stay dead: they no longer count as open.';
