-- When a processor's state is to be looked at although no record has come, and in which partition its key lives.

ALTER TABLE custodian.states
    ADD COLUMN partition integer CHECK (partition >= 0),
    ADD COLUMN wake_at   timestamptz;

-- Few states wait at any time; the index holds just those.
CREATE INDEX states_due ON custodian.states (processor, partition, wake_at) WHERE wake_at IS NOT NULL;

COMMENT ON COLUMN custodian.states.wake_at IS 'The time from which the worker that has this partition wakes the processor; null: it waits for nothing.';
