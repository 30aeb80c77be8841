-- What the product does by itself at times (reconcile, verify, prune): one row per task, whoever runs it.

CREATE TABLE custodian.upkeep (
    task     text        PRIMARY KEY,
    -- The moment that the last whole run was for; before the first, when the task was first known. It is due an interval later.
    ran_for  timestamptz NOT NULL,
    -- Of the last whole run.
    began_at timestamptz,
    ended_at timestamptz,
    done     bigint,
    findings bigint,
    detail   text,
    -- Of the last try: who, when, and why it did not come to its end.
    owner    text,
    tried_at timestamptz,
    failure  text
);

COMMENT ON TABLE custodian.upkeep IS 'Tasks of [schedule]: when each last ran, what it found, and what keeps it from running.';
