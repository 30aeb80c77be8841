-- make_tables: The tables of a shadow schema.
CREATE TABLE {schema}.outputs (
    number         bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    key            bytea       NOT NULL,
    ce_type        text        NOT NULL,
    ce_id          text        NOT NULL,
    subject        text        NOT NULL,
    source         text        NOT NULL,
    correlation_id text        NOT NULL,
    causation_id   text,
    at             timestamptz NOT NULL,
    -- json, not jsonb: it is kept as it would have been published.
    document       json        NOT NULL
);
COMMENT ON TABLE {schema}.outputs IS 'What would have been published, key by key in the order of deciding; `at` is the recorded time of the decision.';
CREATE TABLE {schema}.states (
    key       text        NOT NULL,
    partition integer     NOT NULL,
    state     jsonb       NOT NULL,
    wake_at   timestamptz,
    PRIMARY KEY (key)
);
COMMENT ON TABLE {schema}.states IS 'The states at the end of the replay, as the live ones stand in custodian.states.';

-- copy_outputs: Add outputs.
COPY {schema}.outputs (key, ce_type, ce_id, subject, source, correlation_id, causation_id, at, document) FROM STDIN;

-- copy_states: Add states.
COPY {schema}.states (key, partition, state, wake_at) FROM STDIN;

-- outputs: Every event once, with how often it was emitted and as it was first.
SELECT DISTINCT ON (o.key, o.ce_type COLLATE "C", o.ce_id COLLATE "C")
       o.key, o.ce_type, o.ce_id, o.subject, o.source, o.correlation_id, o.at,
       count(*) OVER (PARTITION BY o.key, o.ce_type, o.ce_id), o.document::text
  FROM {schema}.outputs o
 ORDER BY o.key, o.ce_type COLLATE "C", o.ce_id COLLATE "C", o.number;
