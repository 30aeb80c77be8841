-- A topic that was made anew begins a new epoch of its name, and its offsets begin at 0 again (infra/decisions/0020).

-- Columns with a constant default and a key on small tables: no table is read or written anew. Whoever reads for long (a verification) must not
-- keep every role waiting behind us: give up, and let `init` be repeated.
SET LOCAL lock_timeout = '10s';

ALTER TABLE custodian.positions ADD COLUMN epoch integer NOT NULL DEFAULT 1 CHECK (epoch >= 1);

COMMENT ON COLUMN custodian.positions.epoch IS 'How often a topic of this name was made, with the one that the offset is of.';

CREATE TABLE custodian.past_positions (
    consumer       text        NOT NULL,
    topic          text        NOT NULL,
    epoch          integer     NOT NULL CHECK (epoch >= 1),
    partition      integer     NOT NULL CHECK (partition >= 0),
    next_offset    bigint      NOT NULL,
    topic_id       text        NOT NULL,
    -- The consumer's last transaction (custodian.readings) that can have read from this epoch; 0: none is recorded.
    readings_until bigint      NOT NULL,
    -- The act that began the next epoch.
    act_id         text        NOT NULL,
    ended_at       timestamptz NOT NULL,
    PRIMARY KEY (consumer, topic, epoch, partition)
);

COMMENT ON TABLE custodian.past_positions IS 'How far each consumer had come in topics that are no more when the next one of the name was begun.';

CREATE TRIGGER past_positions_are_final BEFORE UPDATE OR DELETE OR TRUNCATE ON custodian.past_positions
    FOR EACH STATEMENT EXECUTE FUNCTION custodian.refuse_change();

CREATE VIEW custodian.reached AS
SELECT consumer, topic, epoch, partition, next_offset, topic_id FROM custodian.positions
UNION ALL
SELECT consumer, topic, epoch, partition, next_offset, topic_id FROM custodian.past_positions;

COMMENT ON VIEW custodian.reached IS 'How far each consumer has come in every epoch of every topic.';

-- At the same offset of the next epoch another record may die; its letter has another id.
ALTER TABLE custodian.set_aside DROP CONSTRAINT set_aside_pkey, ADD PRIMARY KEY (consumer, topic, partition, "offset", dead_letter_id);
