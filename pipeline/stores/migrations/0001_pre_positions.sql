-- What every role stands on: positions, processor states, and what is running.

CREATE TABLE custodian.positions (
    consumer    text        NOT NULL,
    topic       text        NOT NULL,
    partition   integer     NOT NULL CHECK (partition >= 0),
    next_offset bigint      NOT NULL DEFAULT 0 CHECK (next_offset >= 0),
    topic_id    text        NOT NULL,
    updated_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (consumer, topic, partition)
) WITH (fillfactor = 20);  -- one hot row per partition: updates stay on the page

COMMENT ON TABLE custodian.positions IS 'The next offset of each consumer, stored in the transaction that wrote what came before it.';

-- One row per processor and key. Updates of state are frequent and small: room on the page keeps them off the index.
CREATE TABLE custodian.states (
    processor  text        NOT NULL,
    key        text        NOT NULL,
    state      jsonb       NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (processor, key)
) WITH (fillfactor = 80);

CREATE TABLE custodian.roles (
    instance     text        PRIMARY KEY,
    role         text        NOT NULL,
    pid          integer     NOT NULL,
    host         text        NOT NULL,
    metrics_port integer,
    started_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    seen_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    healthy      boolean     NOT NULL DEFAULT true,
    restarts     integer     NOT NULL DEFAULT 0,
    report       jsonb       NOT NULL DEFAULT '{}'
);

COMMENT ON TABLE custodian.roles IS 'Heartbeats of running roles; a row that is not renewed is of a role that died.';
