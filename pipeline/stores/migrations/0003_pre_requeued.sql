-- Dead letters that a person put back.

CREATE TABLE custodian.requeued (
    dead_letter_id text        PRIMARY KEY,
    target         text        NOT NULL,
    requeued_at    timestamptz NOT NULL,
    times          integer     NOT NULL DEFAULT 1
);

COMMENT ON TABLE custodian.requeued IS 'Which dead letters were requeued, where to and when last: asked before one is requeued again.';
